#include "map/null_test/noise_simulation.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "core/constants.hpp"
#include "math/fft.hpp"
#include "math/normal_stream.hpp"
#include "math/random_stream.hpp"

namespace comap {
namespace {

using Transforms = std::map<std::size_t, CosineTransform>;  // by length

double mode_frequency_Hz(std::size_t mode, std::size_t n, double sample_time_s) {
  return 0.5 * static_cast<double>(mode) / (static_cast<double>(n) * sample_time_s);
}

simulate::NormalStream random_numbers(std::uint64_t key, int realisation) {
  return simulate::NormalStream(simulate::stream_key(key, simulate::Purpose::null_test, {realisation}));
}

void add_common_noise(const SegmentNoise& noise, int realisation, std::vector<double>& modes_K) {
  std::vector<float> normal(modes_K.size());
  random_numbers(noise.common_key, realisation).fill(normal);
  for (std::size_t k = 1; k < modes_K.size(); ++k) {
    const double power_K2 = noise.common_K2(mode_frequency_Hz(k, modes_K.size(), noise.sample_time_s));
    if (power_K2 > 0.0) modes_K[k] += std::sqrt(power_K2) * static_cast<double>(normal[k]);
  }
}

void simulate_segment(const SegmentNoise& noise, double weight_per_K2, int realisation, std::span<const float> samples,
                      Transforms& transforms, std::span<float> result_K) {
  std::vector<double> values_K = mode_deviations_K(noise, weight_per_K2, samples.size());
  std::vector<float> normal(samples.size());
  random_numbers(noise.key, realisation).fill(normal);
  for (std::size_t k = 0; k < normal.size(); ++k) values_K[k] *= static_cast<double>(normal[k]);
  if (noise.common_K2) add_common_noise(noise, realisation, values_K);
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
  for (std::size_t k = 1; k < n; ++k) {
    const double frequency_Hz = mode_frequency_Hz(k, n, noise.sample_time_s);
    variance_K2[k] = std::sqrt((noise.factor ? noise.factor(frequency_Hz) : 1.0) * (variance_K2[k] + white_K2));
  }
  return variance_K2;
}

LargeVector<float> simulated_noise_K(const std::vector<DestriperSegment>& segments, const DestriperStream& stream,
                                     std::span<const SegmentOfBand> of_band, int realisation) {
  LargeVector<float> noise_K(stream.tod_K.size(), kFloatNan, stream.tod_K.get_allocator());
  Transforms transforms;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!(stream.weight_per_K2[i] > 0.0) || segments[i].n_samples == 0) continue;
    const std::size_t first = segments[i].start, n = segments[i].n_samples;
    simulate_segment(of_band[i].noise, stream.weight_per_K2[i], realisation, std::span(stream.tod_K).subspan(first, n),
                     transforms, std::span(noise_K).subspan(first, n));
    passed_over(stream.tod_K, 2 * n);
  }
  return noise_K;
}

DestriperStream simulated_stream(const std::vector<DestriperSegment>& segments, const DestriperStream& data,
                                 std::span<const SegmentOfBand> of_band, const LargeVector<float>& sky_K,
                                 int realisation) {
  DestriperStream stream{simulated_noise_K(segments, data, of_band, realisation), data.weight_per_K2,
                         data.prior_variance_K2};
  for (std::size_t i = 0; i < sky_K.size(); ++i) stream.tod_K[i] += sky_K[i];
  return stream;
}

}  // namespace comap
