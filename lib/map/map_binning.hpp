#pragma once
/// \file
/// From sums over samples to the map.

#include <span>

#include "map/destriper.hpp"
#include "map/pixel_runs.hpp"
#include "map/scatter_gather.hpp"
#include "map/shared_pixels.hpp"

namespace comap {

/// m = (P^T W P)^-1 P^T W (d - F a - T b) with the weights of the map, from the sums of the data (which it uses up)
/// and the solution in the unknowns of OffsetSystem with segment means put back. Every hit pixel is in the piece of
/// its owner. Collective.
MapPiece bin_map(const PixelRuns& runs, const OffsetVector& solution, std::span<const std::int32_t> map_pixels,
                 SampleSums& sums, SharedPixels& shared);

}  // namespace comap
