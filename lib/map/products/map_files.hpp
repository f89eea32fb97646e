#pragma once
/// \file
/// Names and contents of the files of a map job.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "io/hdf5/team_files.hpp"
#include "map/null_test/null_test.hpp"
#include "map/products/map_record.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Files that were written; empty = not asked for.
struct MapPaths {
  std::string fits;
  std::string hdf5;
  std::string plot;
  std::string convergence_plot;
};

/// The fate of one map: of a frequency_band, or of a part of its data.
struct BandResult {
  int frequency_band = 0;
  std::string split;  ///< "none" for the map of all data
  std::string label;  ///< "day"; "day_minus_night" of a half-difference map; empty for all data
  MapPaths paths;     ///< empty when no sample could be used
  SolverReport solver;
  std::int64_t n_observations = 0;
  std::int64_t n_samples = 0;
  double seconds = 0.0;               ///< reading, solving and writing
  std::vector<std::string> warnings;  ///< about the map (map_record.hpp), on rank 0
};

/// Writes <output_dir>/<name>_band<k>[_<label>].fits and .hd5, as [mapmake] format says, and with `plot` the same with
/// .png and, after several solves, _convergence.png. Split, label and band are those of `result`, which gets paths and
/// warnings; `record` gets masks and warnings. `map` may be spread over the ranks or on rank 0 alone. A picture that
/// cannot be drawn is a warning. Collective. Throws IoError on every rank when a map cannot be written.
void write_band_map(const MapPiece& map, const MapGrid& grid, const MapmakeConfig& config, MapRecord& record,
                    const TeamFiles& files, const Communicator& ranks, BandResult& result);

/// The same for the half-difference map of two maps, which are on rank 0. Pixels without enough hits in either map are
/// not hit.
void write_difference(const std::vector<MapPiece>& maps, const NullTest& test, const MapGrid& grid,
                      const MapmakeConfig& config, MapRecord& record, const TeamFiles& files, const Communicator& ranks,
                      BandResult& result);

/// <output_dir>/<name>_null_tests.tsv
std::string null_test_path(const MapmakeConfig& config);

}  // namespace comap
