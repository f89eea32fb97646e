#pragma once
/// \file
/// The two passes over the pointing that an iteration consists of.

#include <span>

#include "map/pixel_runs.hpp"

namespace comap {

/// Which weights: those of the solver, or those of the map.
enum class Weighting { solver, map };

/// Offsets, and the airmass amplitude of every segment (0 where there is none), of one rank.
struct OffsetVector {
  std::span<const double> offsets;     ///< [offset]
  std::span<const double> amplitudes;  ///< [segment]
};

/// map += P^T W (F a + T b): offsets a and amplitudes b of the airmass deviation T, binned with weights.
/// Reads each run once. [map]: local pixel.
void scatter(const PixelRuns& runs, Weighting weighting, const OffsetVector& x, std::span<double> map);

/// offsets = F^T W P map, amplitudes = T^T W P map. Adjoint of scatter. Reads each run once.
void gather(const PixelRuns& runs, Weighting weighting, std::span<const double> map, std::span<double> offsets,
            std::span<double> amplitudes);

}  // namespace comap
