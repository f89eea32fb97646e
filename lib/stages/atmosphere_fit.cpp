#include "stages/atmosphere_fit.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kLanes = 16;  ///< independent running sums, so that the compiler can use vectors

using Lanes = std::array<double, kLanes>;

double total(const Lanes& lanes) {
  double sum = 0.0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/// add(lane, sample) for every sample, kLanes of them side by side.
template <typename Add>
void over_lanes(std::size_t n_samples, const Add& add) {
  std::size_t i = 0;
  for (; i + kLanes <= n_samples; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, i + lane);
  }
  for (; i < n_samples; ++i) add(i % kLanes, i);
}

}  // namespace

ScanAirmass::ScanAirmass(std::span<const double> elevation_deg) : centred_(elevation_deg.size()) {
  double sum = 0.0, n = 0.0, low = kNan, high = kNan;
  for (std::size_t i = 0; i < elevation_deg.size(); ++i) {
    const double airmass = 1.0 / std::sin(elevation_deg[i] * kDegree_rad);
    centred_[i] = std::isfinite(airmass) ? airmass : kNan;
    if (std::isnan(centred_[i])) continue;
    sum += airmass;
    n += 1.0;
    low = std::fmin(low, elevation_deg[i]);
    high = std::fmax(high, elevation_deg[i]);
  }
  if (n == 0.0) return;
  mean_ = sum / n;
  elevation_range_deg_ = high - low;
  complete_.n = static_cast<double>(centred_.size());
  for (double& airmass : centred_) {
    airmass -= mean_;
    complete_.airmass += airmass;
    complete_.airmass2 += airmass * airmass;
  }
}

ScanAirmass::Sums ScanAirmass::sums_of_complete(std::span<const float> row) const {
  Lanes value{}, value_airmass{};
  over_lanes(row.size(), [&](std::size_t lane, std::size_t i) {
    const auto y = static_cast<double>(row[i]);
    value[lane] += y;
    value_airmass[lane] += y * centred_[i];
  });
  Sums sums = complete_;
  sums.value = total(value);
  sums.value_airmass = total(value_airmass);
  return sums;
}

ScanAirmass::Sums ScanAirmass::sums_of_finite(std::span<const float> row) const {
  Lanes n{}, airmass{}, airmass2{}, value{}, value_airmass{};
  over_lanes(row.size(), [&](std::size_t lane, std::size_t i) {
    const bool good = std::isfinite(row[i]) && std::isfinite(centred_[i]);
    const double x = good ? centred_[i] : 0.0;
    const double y = good ? static_cast<double>(row[i]) : 0.0;
    n[lane] += good ? 1.0 : 0.0;
    airmass[lane] += x;
    airmass2[lane] += x * x;
    value[lane] += y;
    value_airmass[lane] += y * x;
  });
  return {total(n), total(airmass), total(airmass2), total(value), total(value_airmass)};
}

AtmosphereLine ScanAirmass::fit(std::span<const float> row) const {
  Sums sums = sums_of_complete(row);
  if (!std::isfinite(sums.value_airmass) || !std::isfinite(sums.value)) sums = sums_of_finite(row);
  if (!(sums.n >= 2.0)) return {kNan, kNan};
  const double mean_airmass = sums.airmass / sums.n;
  const double mean_value = sums.value / sums.n;
  const double variance = sums.airmass2 / sums.n - mean_airmass * mean_airmass;
  if (!(variance > 0.0)) return {kNan, kNan};
  const double tau = (sums.value_airmass / sums.n - mean_airmass * mean_value) / variance;
  return {mean_value - tau * (mean_airmass + mean_), tau};
}

}  // namespace comap
