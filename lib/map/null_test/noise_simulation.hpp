#pragma once
/// \file
/// Realisations of the noise that Level-2 says the data have, for null tests.

#include <span>
#include <vector>

#include "map/prepare/loaded_bands.hpp"

namespace comap {

/// Standard deviation [K] of each cosine mode (CosineTransform) of `n` samples without what is common:
/// sqrt(factor (white + P(k / (2 n dt)))), k > 0; the mean is 0. The white variance is 1/`weight_per_K2` less what the
/// correlated noise adds to the variance of neighbours' differences, mean of P(f) (1 - cos(2 pi f dt)): the series then
/// has the auto_rms that the weight was made of.
std::vector<double> mode_deviations_K(const SegmentNoise& noise, double weight_per_K2, std::size_t n);

/// Realisation number `realisation` of the noise of every segment with weight, where `stream` has samples; NaN
/// elsewhere. [sample]
LargeVector<float> simulated_noise_K(const std::vector<DestriperSegment>& segments, const DestriperStream& stream,
                                     std::span<const SegmentOfBand> of_band, int realisation);

/// A stream like `data` with simulated_noise_K, and `sky_K` [sample] under it when there is one.
DestriperStream simulated_stream(const std::vector<DestriperSegment>& segments, const DestriperStream& data,
                                 std::span<const SegmentOfBand> of_band, const LargeVector<float>& sky_K,
                                 int realisation);

}  // namespace comap
