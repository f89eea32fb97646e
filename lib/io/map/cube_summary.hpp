#pragma once
/// \file
/// The contents of a picture of a cube; only for the sources of lib/io and their tests.

#include <cstdint>
#include <vector>

#include "io/map/cube_file.hpp"

namespace comap {

struct CubeSummary {
  std::vector<double> velocity_km_s;    ///< [channel] radio velocity
  std::vector<float> intensity_K_km_s;  ///< [y][x] sum over the window times channel width; NaN where never hit
  std::vector<double> mean_K;           ///< [channel] mean of all pixels, weights 1/rms^2
  std::int64_t peak_pixel = 0;          ///< where the intensity is highest above its noise
  std::vector<double> peak_K;           ///< [channel] the same mean within half a beam of it
};

/// Channels of the window that a pixel lacks are taken to be like those that it has. A window without channels is the
/// whole axis.
CubeSummary summary_of(const SpectralCube& cube);

}  // namespace comap
