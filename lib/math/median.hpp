#pragma once
/// \file
/// Exact medians, fast enough for every channel of every scan.

#include <span>
#include <vector>

namespace comap {

/// Median of the finite values; the mean of the two middle ones when their number is even, NaN when there are none.
/// `scratch` is reused between calls and holds nothing of interest afterwards. Expected cost O(n), about 0.5 ns per
/// value: one pass finds mean and standard deviation, a second moves the values within a quarter of a deviation from
/// the mean and counts those below, a few more narrow these down by where the median must lie among evenly spread
/// values. Where that fails (outliers, NaN, values of few sizes) the bracket comes from quantiles of a strided sample
/// (after Floyd and Rivest 1975, CACM 18, 165), and one that misses is widened to everything: the result is exact.
float median(std::span<const float> values, std::vector<float>& scratch);
double median(std::span<const double> values, std::vector<double>& scratch);

/// For a few values, or where it does not matter.
float median(std::span<const float> values);
double median(std::span<const double> values);

/// The middle value, the upper of two; NaN when there is none. Of values that are all finite.
double upper_median(std::vector<double> values);

/// Mean of the finite values; NaN when there is none.
double finite_mean(std::span<const double> values);

/// Standard deviation of normal noise, without regard to a few outliers: 1.4826 times the median absolute deviation
/// from the median, over finite values.
double mad_sigma(std::span<const double> values);

}  // namespace comap
