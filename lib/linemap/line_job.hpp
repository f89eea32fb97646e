#pragma once
/// \file
/// Line cubes from Level-1 and Level-2 files to FITS.

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/communicator.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// The outcome of one line, or of the average of all.
struct LineResult {
  double rest_GHz = 0.0;
  bool is_stack = false;
  std::string path;       ///< of the cube; empty when no sample could be used
  std::string plot_path;  ///< empty without a picture
  std::int64_t n_observations = 0;
  std::int64_t n_samples = 0;  ///< over feeds
  double median_rms_mK = 0.0;  ///< of all channels and pixels that were hit
};

struct LineJobResult {
  SelectionReport selection;
  std::vector<LineResult> lines;  ///< empty when nothing can be used
  double seconds = 0.0;
};

/// Makes one cube for every line, <output_dir>/<name>_<frequency>GHz.fits, and with [linemap] stack their average,
/// <name>_stack.fits. Selection, grid, pointing and calibration are those of [mapmake]; [mapmake] plot draws a PNG
/// beside each. Observations whose file turns out to be bad, and feeds whose samples cannot be read, are left out
/// and reported, whatever rank notices. `config_text` goes into the HISTORY.
///
/// Throws on every rank: ConfigError for a line that no band has, or a grid or baseline that cannot be; IoError when a
/// cube cannot be written; ObservationError when a file named by a setting cannot be read. Collective.
LineJobResult run_line_job(const Config& config, const std::vector<MapObservation>& observations,
                           const std::string& config_text, const Communicator& ranks);

/// The survey alone: which observations would be used for these lines, and why not the others. Collective.
SelectionReport survey_lines(const Config& config, const std::vector<MapObservation>& observations,
                             const Communicator& ranks);

}  // namespace comap
