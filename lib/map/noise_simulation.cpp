#include "map/noise_simulation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "math/fft.hpp"
#include "simulate/normal_stream.hpp"
#include "simulate/random_stream.hpp"

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

using Transforms = std::map<std::size_t, CosineTransform>;  // by length

void simulate_segment(const SegmentNoise& noise, double weight_per_K2, int realisation, std::span<const float> samples,
                      Transforms& transforms, std::span<float> result_K) {
  std::vector<double> values_K = mode_deviations_K(noise, weight_per_K2, samples.size());
  std::vector<float> normal(samples.size());
  simulate::NormalStream random(
      simulate::stream_key(noise.key, simulate::Purpose::null_test, {static_cast<std::uint64_t>(realisation)}));
  random.fill(normal);
  for (std::size_t k = 0; k < normal.size(); ++k) values_K[k] *= static_cast<double>(normal[k]);
  transforms.try_emplace(samples.size(), samples.size()).first->second.inverse(values_K);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (std::isfinite(samples[i])) result_K[i] = static_cast<float>(values_K[i]);
  }
}

}  // namespace

std::vector<double> mode_deviations_K(const SegmentNoise& noise, double weight_per_K2, std::size_t n) {
  std::vector<double> variance_K2(n, 0.0);
  double of_differences_K2 = 0.0;
  if (noise.correlated_K2) {
    for (std::size_t k = 1; k < n; ++k) {
      const double samples_per_cycle = 2.0 * static_cast<double>(n) / static_cast<double>(k);
      variance_K2[k] = noise.correlated_K2(1.0 / (samples_per_cycle * noise.sample_time_s));
      of_differences_K2 += variance_K2[k] * (1.0 - std::cos(2.0 * std::numbers::pi / samples_per_cycle));
    }
  }
  const double white_K2 = std::max(1.0 / weight_per_K2 - of_differences_K2 / static_cast<double>(n), 0.0);
  for (std::size_t k = 1; k < n; ++k) variance_K2[k] = std::sqrt(variance_K2[k] + white_K2);
  return variance_K2;
}

LargeVector<float> simulated_noise_K(const std::vector<DestriperSegment>& segments, const DestriperStream& stream,
                                     const std::vector<SegmentNoise>& noise, int realisation) {
  LargeVector<float> noise_K(stream.tod_K.size(), kNan, stream.tod_K.get_allocator());
  Transforms transforms;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!(stream.weight_per_K2[i] > 0.0) || segments[i].n_samples == 0) continue;
    const auto first = static_cast<std::size_t>(segments[i].start);
    const auto n = static_cast<std::size_t>(segments[i].n_samples);
    simulate_segment(noise[i], stream.weight_per_K2[i], realisation, std::span(stream.tod_K).subspan(first, n),
                     transforms, std::span(noise_K).subspan(first, n));
    passed_over(stream.tod_K, 2 * n);
  }
  return noise_K;
}

}  // namespace comap
