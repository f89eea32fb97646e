#pragma once
/// \file
/// From sums over samples to the map.

#include <span>
#include <vector>

#include "destripe/pixel_runs.hpp"
#include "destripe/problem.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

/// Offsets a' and amplitudes of OffsetInverse, with the segment means.
struct SegmentSolution {
  std::span<double> offsets_K;     ///< [offset][lane]
  std::span<double> amplitudes_K;  ///< [segment][lane]
};

/// m = (P^T W P)^-1 P^T W (d - F a - T b) with the weights of the map, from the sums of the data (which it uses up)
/// and the solution; or `destriped_K` [local pixel][lane] where that is known already. Every hit pixel is in the piece
/// of its owner. [lane] Collective.
std::vector<MapPiece> bin_map(const PixelRuns& runs, const SegmentSolution& solution,
                              std::span<const double> destriped_K, std::span<const std::int32_t> map_pixels,
                              SampleSums& sums, SharedPixels& shared);

}  // namespace comap
