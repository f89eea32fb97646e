#include "map/prepare_scan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/constants.hpp"
#include "math/auto_rms.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::int64_t n_finite(std::span<const float> values) {
  return std::ranges::count_if(values, [](float value) { return std::isfinite(value); });
}

void drop(std::span<float> tod_K, std::span<std::int32_t> pixel) {
  std::ranges::fill(tod_K, 0.0F);
  std::ranges::fill(pixel, -1);
}

}  // namespace

bool elevation_is_valid(std::span<const double> elevation_deg) {
  return std::ranges::all_of(elevation_deg, [](double elevation) { return elevation > 0.0 && elevation <= 90.0; });
}

std::vector<float> airmass_template(std::span<const double> elevation_deg, double min_range_deg) {
  if (elevation_deg.empty()) return {};
  const auto [lowest, highest] = std::ranges::minmax(elevation_deg);
  if (highest - lowest < min_range_deg) return {};
  std::vector<double> airmass(elevation_deg.size());
  std::ranges::transform(elevation_deg, airmass.begin(),
                         [](double elevation) { return 1.0 / std::sin(elevation * kDegree_rad); });
  const double mean = std::accumulate(airmass.begin(), airmass.end(), 0.0) / static_cast<double>(airmass.size());
  std::vector<float> values(airmass.size());
  std::ranges::transform(airmass, values.begin(), [mean](double value) { return static_cast<float>(value - mean); });
  return values;
}

PreparedScan prepare_scan(std::span<float> tod_K, std::span<std::int32_t> pixel, std::span<const std::int64_t> glitches,
                          double min_good_fraction) {
  for (const std::int64_t sample : glitches) tod_K[static_cast<std::size_t>(sample)] = kNan;

  PreparedScan result;
  result.n_good = n_finite(tod_K);
  const double rms = auto_rms(std::vector<double>(tod_K.begin(), tod_K.end()), NoiseEstimator::mad);
  const bool enough = static_cast<double>(result.n_good) >= min_good_fraction * static_cast<double>(tod_K.size());
  if (!enough || !(rms > 0.0)) {
    drop(tod_K, pixel);
    return result;
  }

  result.weight_per_K2 = 1.0 / (rms * rms);
  const float centre = median(tod_K);
  for (std::size_t i = 0; i < tod_K.size(); ++i) {
    const bool good = std::isfinite(tod_K[i]);
    tod_K[i] = good ? tod_K[i] - centre : 0.0F;
    if (!good) pixel[i] = -1;
  }
  return result;
}

}  // namespace comap
