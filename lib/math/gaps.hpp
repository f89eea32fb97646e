#pragma once
/// \file
/// Missing samples.

#include <cstddef>
#include <span>

namespace comap {

/// Replaces values that are not finite by the straight line between their finite neighbours, at the ends by the nearest
/// finite value, everywhere by 0 when nothing is finite. Returns the number of finite values.
std::size_t bridge_gaps(std::span<double> series);

}  // namespace comap
