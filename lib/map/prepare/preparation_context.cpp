#include "map/prepare/preparation_context.hpp"

#include <fmt/core.h>

#include "core/error.hpp"

namespace comap {
namespace {

std::vector<PointingModel> read_models(const MapmakeConfig& config) {
  std::vector<PointingModel> models = read_pointing_models(config.pointing_model);
  for (const int feed : config.feeds) {
    if (feed > std::ssize(models)) {
      throw ConfigError(fmt::format("[mapmake] pointing_model {} has {} lines, none for feed {}", config.pointing_model,
                                    models.size(), feed));
    }
  }
  return models;
}

}  // namespace

PreparationContext::PreparationContext(const MapmakeConfig& settings, const IoConfig& io_settings)
    : config(settings), io(io_settings) {
  observer.site = config.site;
  observer.refraction = config.refraction;
  if (!config.eop_file.empty()) observer.orientation = EarthOrientationTable::with_file(config.eop_file);
  if (!config.pointing_model.empty()) pointing_models = read_models(config);
  if (!config.planck_map.empty()) bright_sky.emplace(config.planck_map);
}

}  // namespace comap
