#include "stages/atmosphere_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/constants.hpp"
#include "stages/atmosphere.hpp"

namespace comap {
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
  const AirmassSums sums = airmass_sums(row, centred_);
  const double mean_airmass = sums.airmass / sums.n;
  const double mean_value = sums.counts / sums.n;
  const double variance = sums.airmass2 / sums.n - mean_airmass * mean_airmass;
  if (!(sums.n >= 2.0) || !(variance > 0.0)) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {kNan, kNan};
  }
  const double tau = (sums.counts_airmass / sums.n - mean_airmass * mean_value) / variance;
  return {mean_value - tau * (mean_airmass + mean_), tau};
}

}  // namespace comap
