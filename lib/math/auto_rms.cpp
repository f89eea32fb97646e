#include "math/auto_rms.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

std::vector<double> pair_differences(std::span<const double> values) {
  std::vector<double> differences;
  differences.reserve(values.size() / 2);
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    const double difference = values[i] - values[i + 1];
    if (std::isfinite(difference)) differences.push_back(difference);
  }
  return differences;
}

double standard_deviation(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double sum2 = 0.0;
  for (const double value : values) sum2 += (value - mean) * (value - mean);
  return std::sqrt(sum2 / static_cast<double>(values.size()));
}

}  // namespace

double auto_rms(std::span<const double> values, NoiseEstimator estimator) {
  const std::vector<double> differences = pair_differences(values);
  if (differences.empty()) return kNan;
  const double spread = estimator == NoiseEstimator::mad ? mad_sigma(differences) : standard_deviation(differences);
  return spread / std::numbers::sqrt2;
}

}  // namespace comap
