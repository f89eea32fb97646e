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

/// own[offset] = sum over pixels of (weight of the offset in the pixel)^2 / (weight of the pixel), solver weights: what
/// Z takes from the diagonal of F^T N^-1 F. `work` [local pixel] is 0 on entry and on return.
void gather_own(const PixelRuns& runs, std::span<const double> inverse_weight, std::span<double> work,
                std::span<double> own);

}  // namespace comap
