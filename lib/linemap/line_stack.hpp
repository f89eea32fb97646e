#pragma once
/// \file
/// Several lines averaged in velocity.

#include <span>

#include "io/map/cube_file.hpp"

namespace comap {

/// The cube of one line, in the frame that all share.
struct StackedLine {
  const CubeSpectra& spectra;
  SpectralAxis axis;
  double rest_GHz = 0.0;
};

/// Mean of the lines at equal radio velocity, on the frequency axis `axis` of a line at `rest_GHz`. In a pixel a line
/// has one weight, its mean 1/rms^2: weights that change from channel to channel would give the mean of lines of
/// different strength a shape that none has. A line whose channels do not lie on the velocities wanted is interpolated
/// (blend_at); a channel that it does not have takes nothing from it. Hits are those of the nearest channel, summed
/// over lines.
CubeSpectra stack_lines(std::span<const StackedLine> lines, const SpectralAxis& axis, double rest_GHz);

}  // namespace comap
