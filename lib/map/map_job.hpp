#pragma once
/// \file
/// A map job from Level-2 files to map files.

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/communicator.hpp"
#include "map/destriper.hpp"
#include "map/selection.hpp"

namespace comap {

/// What became of one frequency_band.
struct BandResult {
  int frequency_band = 0;
  std::string path;       ///< of the map; empty when no sample could be used
  std::string plot_path;  ///< empty without a picture
  SolverReport solver;
  std::int64_t n_observations = 0;
  std::int64_t n_samples = 0;
  double seconds = 0.0;  ///< reading, solving and writing
};

struct MapJobResult {
  SelectionReport selection;
  std::vector<BandResult> bands;  ///< in the order of [mapmake] bands; empty when nothing can be used
};

/// Makes one map for every entry of [mapmake] bands: <output_dir>/<name>_band<k>.fits, with a PNG beside it when
/// [mapmake] plot is set. Pointing is read and transformed once for all bands. Observations whose file turns out to be
/// bad are left out and reported, whatever rank notices. `config_text` goes into the HISTORY of the maps.
///
/// Throws on every rank: IoError when a map cannot be written, ObservationError when a file named by a setting cannot
/// be read, ConfigError for a grid that cannot be. Collective.
MapJobResult run_map_job(const MapmakeConfig& config, const IoConfig& io,
                         const std::vector<MapObservation>& observations, const std::string& config_text,
                         const Communicator& ranks);

}  // namespace comap
