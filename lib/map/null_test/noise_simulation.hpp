#pragma once
/// \file
/// Realisations of the noise that Level-2 says the data have, for null tests.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "destripe/destriper.hpp"

namespace comap {

/// Noise of one segment in one stream.
struct SegmentNoise {
  /// P(f) [K^2, |FFT|^2/N per sample] of the correlated noise; empty = white noise alone.
  std::function<double(double)> correlated_K2;
  double sample_time_s = 0.0;
  std::uint64_t key = 0;  ///< of the random numbers: the same for any number of ranks
  /// On white and correlated noise together; empty = 1.
  std::function<double(double)> factor = {};
  /// P(f) [K^2] of noise that all segments with `common_key` see at the same time; empty = none.
  std::function<double(double)> common_K2 = {};
  std::uint64_t common_key = 0;
};

/// Standard deviation [K] of each cosine mode (CosineTransform) of `n` samples without what is common:
/// sqrt(factor (white + P(k / (2 n dt)))), k > 0; the mean is 0. The white variance is 1/`weight_per_K2` less what the
/// correlated noise adds to the variance of neighbours' differences, mean of P(f) (1 - cos(2 pi f dt)): the series then
/// has the auto_rms that the weight was made of.
std::vector<double> mode_deviations_K(const SegmentNoise& noise, double weight_per_K2, std::size_t n);

/// Realisation number `realisation` of the noise of every segment with weight, where `stream` has samples; NaN
/// elsewhere. [sample]
LargeVector<float> simulated_noise_K(const std::vector<DestriperSegment>& segments, const DestriperStream& stream,
                                     const std::vector<SegmentNoise>& noise, int realisation);

/// A stream like `data` with simulated_noise_K, and `sky_K` [sample] under it when there is one.
DestriperStream simulated_stream(const std::vector<DestriperSegment>& segments, const DestriperStream& data,
                                 const std::vector<SegmentNoise>& noise, const LargeVector<float>& sky_K,
                                 int realisation);

}  // namespace comap
