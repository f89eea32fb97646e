#include "stages/atmosphere_fit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "core/constants.hpp"

namespace comap {
namespace {

// Independent partial sums, so that the loop over samples uses vectors.
constexpr std::size_t kLanes = 8;

struct LineSums {
  double n = 0.0;
  double airmass = 0.0;
  double airmass_squared = 0.0;
  double value = 0.0;
  double product = 0.0;
};

LineSums sum_finite(std::span<const float> row, std::span<const double> airmass) {
  std::array<LineSums, kLanes> lanes;
  for (std::size_t i = 0; i < row.size(); ++i) {
    LineSums& lane = lanes[i % kLanes];
    const double value = row[i];
    if (!std::isfinite(value)) continue;
    lane.n += 1.0;
    lane.airmass += airmass[i];
    lane.airmass_squared += airmass[i] * airmass[i];
    lane.value += value;
    lane.product += airmass[i] * value;
  }
  LineSums sums;
  for (const LineSums& lane : lanes) {
    sums.n += lane.n;
    sums.airmass += lane.airmass;
    sums.airmass_squared += lane.airmass_squared;
    sums.value += lane.value;
    sums.product += lane.product;
  }
  return sums;
}

}  // namespace

ScanAirmass::ScanAirmass(std::span<const double> elevation_deg) : centred_(elevation_deg.size()) {
  if (elevation_deg.empty()) return;
  const auto [low, high] = std::ranges::minmax(elevation_deg);
  elevation_range_deg_ = high - low;
  std::ranges::transform(elevation_deg, centred_.begin(),
                         [](double elevation) { return 1.0 / std::sin(elevation * kDegree_rad); });
  mean_ = std::accumulate(centred_.begin(), centred_.end(), 0.0) / static_cast<double>(centred_.size());
  for (double& airmass : centred_) airmass -= mean_;
}

AtmosphereLine ScanAirmass::fit(std::span<const float> row) const {
  const LineSums sums = sum_finite(row, centred_);
  const double mean_airmass = sums.airmass / sums.n;
  const double mean_value = sums.value / sums.n;
  const double variance = sums.airmass_squared / sums.n - mean_airmass * mean_airmass;
  if (!(sums.n >= 2.0) || !(variance > 0.0)) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {kNan, kNan};
  }
  const double tau = (sums.product / sums.n - mean_airmass * mean_value) / variance;
  return {mean_value - tau * (mean_airmass + mean_), tau};
}

}  // namespace comap
