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
#include "map/products/map_output.hpp"
#include "map/products/products.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// What became of one map: of a frequency_band, or of a part of its data.
struct BandResult {
  int frequency_band = 0;
  std::string split;  ///< "none" for the map of all data
  std::string label;  ///< "day"; "day_minus_night" of a half-difference map; empty for all data
  MapPaths paths;     ///< empty when no sample could be used
  SolverReport solver;
  std::int64_t n_observations = 0;
  std::int64_t n_samples = 0;
  double seconds = 0.0;               ///< reading, solving and writing
  std::vector<std::string> warnings;  ///< about the map (map_warnings.hpp), on rank 0
};

/// Writes <output_dir>/<name>_band<k>[_<label>], with the endings of MapPaths (map_output.hpp). Split, label and band
/// are those of `result`, which gets paths and warnings; the record
/// gets the masks. `map` may be spread over the ranks or on
/// rank 0 alone. Collective. Throws IoError on every rank.
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
