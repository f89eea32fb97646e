#include "linemap/line_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "linemap/spectral_axis.hpp"
#include "sky/radial_velocity.hpp"

namespace comap {
namespace {

bool holds(const SpectralAxis& axis, double frequency_GHz) {
  const double channel = axis.channel_of(frequency_GHz);
  return channel >= -0.5 && channel < axis.n_channels - 0.5;
}

/// "26.000-27.998, 28.000-29.998 GHz", band after band.
std::string covered(const std::vector<SpectralAxis>& bands) {
  std::string text;
  for (const SpectralAxis& axis : bands) {
    const auto [low, high] = std::minmax({axis.frequency_GHz(-0.5), axis.frequency_GHz(axis.n_channels - 0.5)});
    text += fmt::format("{}{:.3f}-{:.3f}", text.empty() ? "" : ", ", low, high);
  }
  return text + " GHz";
}

std::vector<double> wanted_lines(const LinemapConfig& config) {
  std::vector<double> wanted = {config.line_frequency_GHz};
  for (const double rest_GHz : config.stack) {
    if (rest_GHz != config.line_frequency_GHz) wanted.push_back(rest_GHz);
  }
  return wanted;
}

Line place_line(double rest_GHz, int band, const SpectralAxis& axis, int n_freq_bin) {
  const auto channel = static_cast<int>(std::lround(axis.channel_of(rest_GHz)));
  const Line line{rest_GHz, band, band * n_freq_bin + channel * n_freq_bin / axis.n_channels};
  if (line.frequency_band < kFrequencyBands) return line;
  throw ConfigError(fmt::format("[linemap] the Level-2 files have {} sub-bands; flags know 2", n_freq_bin));
}

}  // namespace

MapmakeConfig LineContext::selection_config() const {
  if (lines.empty()) return config.mapmake;
  std::set<int> bands;
  for (const Line& line : lines) bands.insert(line.frequency_band);
  MapmakeConfig selection = config.mapmake;
  selection.bands.assign(bands.begin(), bands.end());
  return selection;
}

double LineContext::velocity_towards_km_s(double mjd_utc, Horizontal direction) const {
  if (config.linemap.spectral_frame == SpectralFrame::topocentric) return 0.0;
  const SkyPosition position = horizontal_to_sky(pointing.observer, mjd_utc, direction, SkyFrame::icrs);
  return comap::velocity_towards_km_s(pointing.observer, mjd_utc, position, SkyFrame::icrs);
}

LinePlan plan_lines(const LinemapConfig& config, const LineObservation& file) {
  std::vector<SpectralAxis> bands;
  for (int band = 0; band < kBands; ++band) {
    bands.push_back(regular_axis(file.frequencies_GHz(band), file.level2().path()));
  }
  LinePlan plan;
  for (const double rest_GHz : wanted_lines(config)) {
    const auto found = std::ranges::find_if(bands, [&](const SpectralAxis& axis) { return holds(axis, rest_GHz); });
    if (found == bands.end()) {
      throw ConfigError(fmt::format("[linemap] no band of {} has the frequency {} GHz; they cover {}",
                                    file.level2().path(), rest_GHz, covered(bands)));
    }
    plan.lines.push_back(
        place_line(rest_GHz, static_cast<int>(found - bands.begin()), *found, file.level2().n_freq_bin()));
    plan.band_axes.push_back(*found);
  }
  return plan;
}

SpectralAxis cube_axis(const SpectralAxis& band_axis, double rest_GHz, double doppler, int segment_width) {
  const double nearest_GHz = band_axis.frequency_GHz(std::round(band_axis.channel_of(rest_GHz * doppler)));
  const double step_GHz = std::abs(band_axis.step_GHz);
  const int centre = segment_width / 2;
  return {(nearest_GHz - centre * step_GHz) / doppler, step_GHz / doppler, segment_width};
}

void check_baseline(const LinemapConfig& config, const SpectralAxis& axis, double rest_GHz) {
  const auto in_window = window_channels(axis, rest_GHz, config.line_window_km_s);
  const auto n_free = std::ranges::count(in_window, 0);
  if (n_free > config.baseline_order) return;
  const double width_km_s = axis.step_GHz / rest_GHz * kLightSpeed_km_s;
  throw ConfigError(
      fmt::format("[linemap] baseline_order = {} needs {} channels outside line_window_km_s, and {} "
                  "channels of {:.1f} km/s have {}; choose a larger segment_width",
                  config.baseline_order, config.baseline_order + 1, axis.n_channels, width_km_s, n_free));
}

}  // namespace comap
