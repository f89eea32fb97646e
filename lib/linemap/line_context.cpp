#include "linemap/line_context.hpp"

#include <fmt/core.h>

#include <set>

#include "core/error.hpp"
#include "sky/radial_velocity.hpp"

namespace comap {
LineContext::LineContext(const Config& settings, std::vector<Line> wanted)
    : config(settings), lines(std::move(wanted)) {
  const MapmakeConfig& mapmake = config.mapmake;
  observer.site = mapmake.site;
  observer.refraction = mapmake.refraction;
  if (!mapmake.eop_file.empty()) observer.orientation = EarthOrientationTable::with_file(mapmake.eop_file);
  if (mapmake.pointing_model.empty()) return;
  pointing_models = read_pointing_models(mapmake.pointing_model);
  for (const int feed : mapmake.feeds) {
    if (feed <= std::ssize(pointing_models)) continue;
    throw ConfigError(fmt::format("[mapmake] pointing_model {} has {} lines, none for feed {}", mapmake.pointing_model,
                                  pointing_models.size(), feed));
  }
}

MapmakeConfig LineContext::selection_config() const {
  if (lines.empty()) return config.mapmake;
  std::set<int> bands;
  for (const Line& line : lines) bands.insert(line.frequency_band);
  MapmakeConfig selection = config.mapmake;
  selection.bands.assign(bands.begin(), bands.end());
  return selection;
}

FeedPointing LineContext::pointing(const Level2Reader& file, int feed) const {
  FeedPointing pointing = file.read_pointing(feed);
  if (pointing_models.empty()) return pointing;
  const PointingModel& model = pointing_models[feed - 1];
  for (std::size_t i = 0; i < pointing.azimuth_deg.size(); ++i) {
    const Horizontal direction = corrected(model, {pointing.azimuth_deg[i], pointing.elevation_deg[i]});
    pointing.azimuth_deg[i] = direction.azimuth_deg;
    pointing.elevation_deg[i] = direction.elevation_deg;
  }
  return pointing;
}

double LineContext::velocity_towards_km_s(double mjd_utc, Horizontal direction) const {
  if (config.linemap.spectral_frame == SpectralFrame::topocentric) return 0.0;
  const SkyPosition position = horizontal_to_sky(observer, mjd_utc, direction, SkyFrame::icrs);
  return comap::velocity_towards_km_s(observer, mjd_utc, position, SkyFrame::icrs);
}

}  // namespace comap
