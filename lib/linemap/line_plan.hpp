#pragma once
/// \file
/// Where the lines are, the axes of their cubes, and what all observations of a cube share.

#include <tuple>
#include <utility>
#include <vector>

#include "io/map/cube_file.hpp"
#include "linemap/line_observation.hpp"
#include "map/prepare/map_pointing.hpp"

namespace comap {

/// A line and where it is observed.
struct Line {
  double rest_GHz = 0.0;
  int band = 0;
  int frequency_band = 0;  ///< half band whose flags and noise decide which scans are used

  static auto members(auto& x) { return std::tie(x.rest_GHz, x.band, x.frequency_band); }
};

/// Settings in the form that the reading needs; the same on every rank.
struct LineContext {
  /// Reads the files that [mapmake] names. Throws ConfigError, IoError.
  LineContext(const Config& settings, std::vector<Line> wanted)
      : config(settings), lines(std::move(wanted)), pointing(settings.mapmake) {}

  const Config& config;
  std::vector<Line> lines;
  MapPointing pointing;

  /// [mapmake] with the frequency_bands of the lines, for the selection of scans.
  MapmakeConfig selection_config() const;
  /// Velocity of the observer towards a place, LSRK; 0 when the cubes are topocentric [km/s].
  double velocity_towards_km_s(double mjd_utc, Horizontal direction) const;
};

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
