#include "map/prepare/map_pointing.hpp"

#include <fmt/core.h>

#include "core/error.hpp"

namespace comap {

MapPointing::MapPointing(const MapmakeConfig& config) : observer(map_observer(config)) {
  if (config.pointing_model.empty()) return;
  models = read_pointing_models(config.pointing_model);
  for (const int feed : config.feeds) {
    if (feed <= std::ssize(models)) continue;
    throw ConfigError(fmt::format("[mapmake] pointing_model {} has {} lines, none for feed {}", config.pointing_model,
                                  models.size(), feed));
  }
}

void MapPointing::correct(int feed, FeedPointing& pointing) const {
  if (models.empty()) return;
  for (std::size_t i = 0; i < pointing.azimuth_deg.size(); ++i) {
    const Horizontal direction = corrected(models[feed - 1], {pointing.azimuth_deg[i], pointing.elevation_deg[i]});
    pointing.azimuth_deg[i] = direction.azimuth_deg;
    pointing.elevation_deg[i] = direction.elevation_deg;
  }
}

FeedPointing MapPointing::of_feed(const Level2Reader& file, int feed) const {
  FeedPointing pointing = file.read_pointing(feed);
  correct(feed, pointing);
  return pointing;
}

SkyPositions positions_in_scan(const Observer& observer, const Level2Reader& file, const FeedPointing& pointing,
                               const std::array<std::int64_t, 2>& scan, SkyFrame frame, std::size_t step) {
  const auto picked = [&](const std::vector<double>& values) {
    std::vector<double> some;
    for (std::size_t i = scan[0]; i < static_cast<std::size_t>(scan[1]); i += step) some.push_back(values[i]);
    return some;
  };
  return horizontal_to_sky(observer, picked(file.mjd()), picked(pointing.azimuth_deg), picked(pointing.elevation_deg),
                           frame);
}

}  // namespace comap
