#pragma once
/// \file
/// Settings and grids that all observations of a line cube share.

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "config/config.hpp"
#include "io/level1/level1_metadata.hpp"
#include "io/level2/level2_reader.hpp"
#include "sky/coordinates.hpp"

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
  LineContext(const Config& settings, std::vector<Line> wanted);

  const Config& config;
  std::vector<Line> lines;
  Observer observer;
  std::vector<PointingModel> pointing_models;  ///< by feed - 1; empty = no corrections

  /// [mapmake] with the frequency_bands of the lines, for the selection of scans.
  MapmakeConfig selection_config() const;
  /// Azimuth and elevation of one feed [sample], with its corrections.
  FeedPointing pointing(const Level2Reader& file, int feed) const;
  /// Velocity of the observer towards a place, LSRK; 0 when the cubes are topocentric [km/s].
  double velocity_towards_km_s(double mjd_utc, Horizontal direction) const;
};

}  // namespace comap
