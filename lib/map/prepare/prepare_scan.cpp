#include "map/prepare/prepare_scan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/constants.hpp"
#include "math/auto_rms.hpp"
#include "math/detrend.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr int kPolynomialOrder = 3;

std::int64_t n_finite(std::span<const float> values) {
  return std::ranges::count_if(values, [](float value) { return std::isfinite(value); });
}

/// From -1 to 1; 0 where the values are constant.
std::vector<double> to_unit_range(std::span<const double> values) {
  std::vector<double> scaled(values.size(), 0.0);
  if (values.empty()) return scaled;
  const auto [lowest, highest] = std::ranges::minmax(values);
  if (!(highest > lowest)) return scaled;
  for (std::size_t i = 0; i < values.size(); ++i) scaled[i] = 2.0 * (values[i] - lowest) / (highest - lowest) - 1.0;
  return scaled;
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

void subtract_polynomials(std::span<float> tod_K, std::span<const double> azimuth_deg,
                          std::span<const double> elevation_deg) {
  std::vector<double> time(tod_K.size());
  std::iota(time.begin(), time.end(), 0.0);
  std::vector<std::vector<double>> templates{std::vector<double>(tod_K.size(), 1.0)};
  for (const std::span<const double> coordinate : {std::span<const double>(time), azimuth_deg, elevation_deg}) {
    std::vector<double> scaled = to_unit_range(coordinate);
    for (int power = 1; power <= kPolynomialOrder; ++power) {
      std::vector<double>& column = templates.emplace_back(scaled.size());
      std::ranges::transform(scaled, column.begin(), [power](double x) { return std::pow(x, power); });
    }
  }
  std::vector<double> values(tod_K.begin(), tod_K.end());
  subtract_templates(values, templates);
  std::ranges::transform(values, tod_K.begin(), [](double value) { return static_cast<float>(value); });
}

double prepare_scan(std::span<float> tod_K, std::span<const std::int64_t> glitches, double min_good_fraction) {
  for (const std::int64_t sample : glitches) tod_K[sample] = kFloatNan;
  if (static_cast<double>(n_finite(tod_K)) < min_good_fraction * static_cast<double>(tod_K.size())) return 0.0;
  const double rms = auto_rms(std::vector<double>(tod_K.begin(), tod_K.end()), NoiseEstimator::mad);
  if (!(rms > 0.0)) return 0.0;
  const float centre = median(tod_K);
  for (float& sample : tod_K) sample -= centre;
  return 1.0 / (rms * rms);
}

}  // namespace comap
