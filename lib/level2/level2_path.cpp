#include "level2/level2_path.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "core/error.hpp"
#include "core/printable.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

constexpr std::size_t kLongestComponent = 64;  ///< bytes; names come from files and can be of any length

/// A name from a file as one path component: letters, digits and . _ + -, anything else becomes _.
std::string path_component(const std::string& name) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
  std::string component = name.substr(0, kLongestComponent);
  for (char& letter : component) letter = kAlphabet.find(letter) == std::string_view::npos ? '_' : letter;
  return component.empty() || component == "." || component == ".." ? "unknown" : component;
}

/// Start of an observation as `%Y-%m-%d...`: what the catalogue has, when that is a date, else the date in the name of
/// its Level-1 file, comap-NNNNNNN-YYYY-MM-DD-HHMMSS.
std::string start_date(const Observation& observation) {
  constexpr std::size_t kDateLength = 10;
  const std::string name = std::filesystem::path(observation.level1_path).filename().string();
  const std::size_t date = name.find('-', name.find('-') + 1);
  std::vector<std::string> texts = {observation.utc_start};
  if (date != std::string::npos) texts.push_back(name.substr(date + 1, kDateLength) + "-00:00:00");
  for (const std::string& text : texts) {
    try {
      return format_utc_start(parse_utc_start(text));
    } catch (const ObservationError&) {  // the next one, or the error below
    }
  }
  throw ObservationError(fmt::format(
      "obsid {}: its utc_start in the catalogue is '{}', no date, and the name of its Level-1 file has none; "
      "run 'comap_mpi catalogue scan --overwrite'",
      observation.obsid, printable(observation.utc_start, kLongestComponent)));
}

}  // namespace

std::string level2_path(const Level2Config& config, const Observation& observation) {
  const std::string start = start_date(observation);
  const std::map<std::string, std::string, std::less<>> words = {
      {"year", start.substr(0, 4)},
      {"month", start.substr(5, 2)},
      {"source", path_component(observation.source)},
      {"source_group", path_component(observation.source_group)},
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
