#pragma once
/// \file
/// Connected components of the graph of offsets and pixels.

#include <cstdint>
#include <span>

#include "core/communicator.hpp"
#include "map/pixel_runs.hpp"
#include "map/shared_pixels.hpp"

namespace comap {

/// Number of connected components over all ranks; an offset and a pixel are joined by a sample with weight in the
/// solver, in one lane. The level of each component against the others is arbitrary. `map_pixels`: map pixel of each
/// local one. Collective.
std::int64_t count_components(const PixelRuns& runs, std::size_t lane, std::span<const std::int32_t> map_pixels,
                              SharedPixels& shared, const Communicator& ranks);

}  // namespace comap
