#include "stages/atmosphere/atmosphere_fit.hpp"

#include <array>
#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

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

void AtmosphereSums::add(const AtmosphereSums& other, double scale) {
  n += other.n;
  airmass += other.airmass;
  airmass2 += other.airmass2;
  value += scale * other.value;
  value_airmass += scale * other.value_airmass;
}

AtmosphereLine AtmosphereSums::line(double centre) const {
  if (!(n >= 2.0)) return {kNan, kNan};
  const double mean_airmass = airmass / n;
  const double mean_value = value / n;
  const double variance = airmass2 / n - mean_airmass * mean_airmass;
  if (!(variance > 0.0)) return {kNan, kNan};
  const double tau = (value_airmass / n - mean_airmass * mean_value) / variance;
  return {mean_value - tau * (mean_airmass + centre), tau};
}

ScanAirmass::ScanAirmass(std::span<const double> elevation_deg) : ScanAirmass(elevation_deg, kNan) {}

ScanAirmass::ScanAirmass(std::span<const double> elevation_deg, double centre) : centred_(elevation_deg.size()) {
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
  elevation_range_deg_ = high - low;
  centre_on(std::isnan(centre) ? sum / n : centre);
}

void ScanAirmass::centre_on(double centre) {
  mean_ = centre;
  complete_.n = static_cast<double>(centred_.size());
  for (double& airmass : centred_) {
    airmass -= mean_;
    complete_.airmass += airmass;
    complete_.airmass2 += airmass * airmass;
  }
}

AtmosphereSums ScanAirmass::sums_of_complete(std::span<const float> row) const {
  Lanes value{}, value_airmass{};
  over_lanes(row.size(), [&](std::size_t lane, std::size_t i) {
    const double y = row[i];
    value[lane] += y;
    value_airmass[lane] += y * centred_[i];
  });
  AtmosphereSums sums = complete_;
  sums.value = total(value);
  sums.value_airmass = total(value_airmass);
  return sums;
}

AtmosphereSums ScanAirmass::sums_of_finite(std::span<const float> row) const {
  Lanes n{}, airmass{}, airmass2{}, value{}, value_airmass{};
  over_lanes(row.size(), [&](std::size_t lane, std::size_t i) {
    const bool good = std::isfinite(row[i]) && std::isfinite(centred_[i]);
    const double x = good ? centred_[i] : 0.0;
    const double y = good ? row[i] : 0.0;
    n[lane] += good ? 1.0 : 0.0;
    airmass[lane] += x;
    airmass2[lane] += x * x;
    value[lane] += y;
    value_airmass[lane] += y * x;
  });
  return {total(n), total(airmass), total(airmass2), total(value), total(value_airmass)};
}

AtmosphereSums ScanAirmass::sums(std::span<const float> row) const {
  const AtmosphereSums sums = sums_of_complete(row);
  return std::isfinite(sums.value_airmass) && std::isfinite(sums.value) ? sums : sums_of_finite(row);
}

}  // namespace comap
