#pragma once
/// \file
/// Spectral baselines of a cube.

#include <cstdint>
#include <span>

#include "io/map/cube_file.hpp"

namespace comap {

/// Subtracts from the spectrum of every pixel the polynomial of degree `order` that fits best, weighted by 1/rms^2,
/// its channels outside the line: those with 0 in `in_window` [channel]. A pixel with too few of them has no zero level
/// and loses its spectrum (NaN, hits too). The rms stays that of the channels alone.
void subtract_baselines(CubeSpectra& spectra, std::span<const std::uint8_t> in_window, int order);

}  // namespace comap
