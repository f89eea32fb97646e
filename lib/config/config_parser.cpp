#include "config/config_parser.hpp"

#include "config/bind_config.hpp"
#include "config/cross_checks.hpp"
#include "config/read_toml.hpp"
#include "config/wcs_definitions.hpp"

namespace comap {
namespace {

bool has_named_grid(const MapmakeConfig& config) {
  return config.wcs != "dynamic" && !is_healpix(config) && config.wcs != "inline";
}

}  // namespace

Config parse_config(std::string_view toml_text, const std::string& file_name, const std::vector<std::string>& sets,
                    StageEntries stages) {
  Config config;
  for (const StageEntry& stage : stages) {
    if (stage.by_default) config.level2.pipeline.emplace_back(stage.name);
  }
  Problems problems;
  const auto bind = [&](Binder& root) { bind_config(root, config, stages); };
  const KeyPlaces places = read_toml(toml_text, file_name, sets, bind, problems);
  if (has_named_grid(config.mapmake)) config.mapmake.wcs_file = find_wcs_file(config.mapmake.wcs_file, file_name);
  check_consistency(config, stages, places, problems);
  problems.throw_if_any(file_name);
  return config;
}

}  // namespace comap
