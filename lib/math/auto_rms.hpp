#pragma once
/// \file
/// White-noise level from the differences of neighbouring samples.

#include <span>

namespace comap {

/// How the width of a distribution is measured.
enum class NoiseEstimator { mad, standard_deviation };

/// auto_rms(x) = s(x[2i] - x[2i+1]) / sqrt(2) with s = 1.4826 MAD (`mad`: not raised by glitches) or the standard
/// deviation. Pairs with a value that is not finite are left out; NaN without any pair. Exact.
double auto_rms(std::span<const double> values, NoiseEstimator estimator);

}  // namespace comap
