#pragma once
/// \file
/// The record of a run in the header of a cube.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "io/map/cube_file.hpp"
#include "sky/earth_orientation.hpp"

namespace comap {

struct CubeRecord {
  std::vector<double> rest_GHz;              ///< of the lines in the cube, the one of its axis first
  std::vector<ObservationRow> observations;  ///< used in this cube
  double mean_mjd = 0.0;                     ///< of all samples in scans
  std::string orientation_source;            ///< EarthOrientationTable::source
  OrientationKind orientation_kind = OrientationKind::measured;
  std::vector<std::string> selection;  ///< lines about what was used and excluded
  std::string config_text;             ///< effective configuration
};

/// Fills all of `cube` but grid, axis and spectra: frame, beam, site, cards, HISTORY and table of observations.
void describe_cube(const Config& config, const CubeRecord& record, SpectralCube& cube);

}  // namespace comap
