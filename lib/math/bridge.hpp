#pragma once
/// \file
/// Filling samples that are missing.

#include <cstdint>
#include <span>

namespace comap {

/// Replaces the samples whose `missing` is not 0 by linear interpolation between the nearest others, beyond the first
/// and last of these by their value. Leaves everything as it is when all are missing.
void bridge_linearly(std::span<double> values, std::span<const std::uint8_t> missing);

}  // namespace comap
