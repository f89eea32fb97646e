#pragma once
/// \file
/// Missing samples.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace comap {

/// Replaces values that are not finite by the straight line between their finite neighbours, at the ends by the nearest
/// finite value, everywhere by 0 when nothing is finite. Returns the number of finite values. Where more than `n_ends`
/// values in a row are missing the line goes between the means of that many on either side: one noisy value must not
/// stand for many.
std::size_t bridge_gaps(std::span<double> series, std::size_t n_ends = std::numeric_limits<std::size_t>::max());

/// Replaces values where `missing` [sample] is not 0 by the straight line between their neighbours, at the ends by the
/// nearest value. Of angles with a `period` the line goes the short way round; 0 = no angles. Where nothing is there
/// everything becomes NaN.
void bridge_missing(std::span<double> series, std::span<const std::uint8_t> missing, double period = 0.0);

}  // namespace comap
