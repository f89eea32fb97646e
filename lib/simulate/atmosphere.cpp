#include "simulate/atmosphere.hpp"

#include <algorithm>

#include "core/constants.hpp"
#include "simulate/red_noise.hpp"

namespace comap::simulate {
namespace {

constexpr double kWaterLine_GHz = 22.235;
constexpr double kWaterHalfWidth_GHz = 2.7;
constexpr double kOxygenLines_GHz = 60.0;
constexpr double kOxygenHalfWidth_GHz = 3.0;

/// Van Vleck-Weisskopf shape, not normalised.
double line_shape(double nu, double centre, double half_width) {
  const double below = nu - centre;
  const double above = nu + centre;
  const double width2 = half_width * half_width;
  return nu * nu * (1.0 / (below * below + width2) + 1.0 / (above * above + width2));
}

double relative_shape(double nu, double centre, double half_width) {
  return line_shape(nu, centre, half_width) / line_shape(kPivotFrequency_GHz, centre, half_width);
}

}  // namespace

double zenith_opacity(const SimulateConfig& config, double frequency_GHz) {
  const double water = relative_shape(frequency_GHz, kWaterLine_GHz, kWaterHalfWidth_GHz);
  const double oxygen = relative_shape(frequency_GHz, kOxygenLines_GHz, kOxygenHalfWidth_GHz);
  return config.zenith_opacity * (config.water_fraction * water + (1.0 - config.water_fraction) * oxygen);
}

std::vector<double> opacity_series(const SimulateConfig& config, std::int64_t n_samples, std::uint64_t key) {
  std::vector<double> series =
      red_noise(n_samples, config.sample_rate_Hz, {config.opacity_sigma, config.opacity_alpha}, key);
  for (std::size_t i = 0; i < series.size(); ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(series.size());
    series[i] = std::max(0.0, 1.0 + config.opacity_drift * (part - 0.5) + series[i]);
  }
  return series;
}

}  // namespace comap::simulate
