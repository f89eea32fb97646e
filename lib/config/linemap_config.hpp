#pragma once
/// \file
/// [linemap].

#include <array>
#include <string>
#include <vector>

namespace comap {

/// Frame of the frequency axis of a cube.
enum class SpectralFrame { lsrk, topocentric };

/// [linemap]; selection, feeds, grid, calibration and pointing are those of [mapmake]
struct LinemapConfig {
  std::string name = "line";
  std::string output_dir = "maps";
  double line_frequency_GHz = 31.22332;  ///< at rest
  int segment_width = 30;                ///< channels of the cube
  std::string gain_filter = "line";
  int baseline_order = 0;  ///< -1 = none
  std::vector<double> stack;
  std::array<double, 2> line_window_km_s = {-150.0, 150.0};  ///< where a line may be: not in fit and baseline
  SpectralFrame spectral_frame = SpectralFrame::lsrk;
};

}  // namespace comap
