#pragma once
/// \file
/// The two passes over the pointing that an iteration consists of.

#include <cstddef>
#include <span>

#include "destripe/pixel_runs.hpp"

namespace comap {

/// Which weights: those of the solver, or those of the map.
enum class Weighting { solver, map };

/// Unknowns of one segment.
struct SegmentUnknowns {
  std::span<double> offsets;    ///< [offset of the segment][lane]
  std::span<double> amplitude;  ///< [lane] of the airmass deviation; 0 where there is none
};

/// map += P^T W (F a + T b) of one part of PixelRuns: offsets a and amplitude b of the airmass deviation T, binned
/// with weights. [map]: [local pixel][lane].
void scatter_part(const PixelRuns& runs, std::size_t part, Weighting weighting, const SegmentUnknowns& x,
                  std::span<double> map);

/// x += [F T]^T W P map of one part.
void gather_part(const PixelRuns& runs, std::size_t part, Weighting weighting, std::span<const double> map,
                 const SegmentUnknowns& x);

}  // namespace comap
