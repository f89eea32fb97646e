#include "level2/level2_path.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/error.hpp"

namespace comap {
namespace {

/// A source name as one path component.
std::string path_component(std::string name) {
  std::ranges::replace(name, '/', '_');
  std::ranges::replace(name, ' ', '_');
  return name.empty() || name == "." || name == ".." ? "unknown" : name;
}

}  // namespace

std::string level2_path(const Level2Config& config, const Observation& observation) {
  if (observation.utc_start.size() < 7) {
    throw ObservationError(
        fmt::format("obsid {}: the catalogue has no utc_start; run 'comap_mpi catalogue scan "
                    "--overwrite'",
                    observation.obsid));
  }
  const std::map<std::string, std::string, std::less<>> words = {
      {"year", observation.utc_start.substr(0, 4)},        {"month", observation.utc_start.substr(5, 2)},
      {"source", path_component(observation.source)},      {"source_group", path_component(observation.source_group)},
      {"obsid", fmt::format("{:07d}", observation.obsid)},
  };
  std::string directory;
  std::string_view rest = config.layout;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    const auto word = words.find(rest.substr(open + 1, close == std::string_view::npos ? 0 : close - open - 1));
    if (word == words.end()) {
      throw ConfigError(
          fmt::format("level2.layout = \"{}\": use only {{year}} {{month}} {{source}} {{source_group}} "
                      "{{obsid}}",
                      config.layout));
    }
    directory.append(rest.substr(0, open)).append(word->second);
    rest.remove_prefix(close + 1);
  }
  directory.append(rest);
  const std::filesystem::path level1(observation.level1_path);
  return (std::filesystem::path(config.output_dir) / directory / ("Level2_" + level1.filename().string())).string();
}

}  // namespace comap
