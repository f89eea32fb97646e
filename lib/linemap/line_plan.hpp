#pragma once
/// \file
/// Where the lines are, and the axes of their cubes.

#include <tuple>
#include <vector>

#include "io/map/cube_file.hpp"
#include "linemap/line_context.hpp"
#include "linemap/line_observation.hpp"

namespace comap {

/// Lines of the configuration and the channels of their bands.
struct LinePlan {
  std::vector<Line> lines;              ///< line_frequency_GHz first, then those of stack
  std::vector<SpectralAxis> band_axes;  ///< [line] channels of its band as observed

  static auto members(auto& x) { return std::tie(x.lines, x.band_axes); }
};

/// The plan after the frequencies of a file. Throws ConfigError for a line that is in no band.
LinePlan plan_lines(const LinemapConfig& config, const LineObservation& file);

/// The axis of a cube: `segment_width` channels, ascending, around the channel that is nearest to the line. They are
/// the channels of the band as an observer with this `doppler` (observed over frame frequency) has them, so that
/// observations with the mean velocity are not interpolated.
SpectralAxis cube_axis(const SpectralAxis& band_axis, double rest_GHz, double doppler, int segment_width);

/// Throws ConfigError when the line window leaves fewer channels of a cube than the baseline needs.
void check_baseline(const LinemapConfig& config, const SpectralAxis& axis, double rest_GHz);

}  // namespace comap
