#pragma once
/// \file
/// Moving median.

#include <cstddef>
#include <span>
#include <vector>

namespace comap {

/// Median over a window of `window` samples around every sample: that of sample i holds samples i - window / 2 to
/// i - window / 2 + window - 1, edges padded with the edge value; for an even number of samples the mean of the two
/// middle ones. Values must be finite. The window is kept in order of size: cost O(n window), 20 ns a sample for 50
/// samples. Throws Bug for a window of 0.
std::vector<double> moving_median(std::span<const double> values, std::size_t window);

}  // namespace comap
