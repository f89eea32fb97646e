#pragma once
/// \file
/// From the loaded bands of a job to its maps: simulations, solves, null tests and files, split by split.
/// In this folder: splits (labels of the data), split_solve (all labels in one solve), null_test and null_table (the
/// test and its table), null_simulations with noise_simulation and residual_noise (the same of noise).

#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "io/hdf5/team_files.hpp"
#include "map/null_test/null_test.hpp"
#include "map/plan/map_plan.hpp"
#include "map/plan/selection.hpp"
#include "map/prepare/map_share.hpp"
#include "map/products/map_files.hpp"
#include "sky/map_grid.hpp"

namespace comap {

struct MapJobResult {
  SelectionReport selection;
  /// By split, then in the order of [mapmake] bands; empty when nothing can be used.
  std::vector<BandResult> bands;
  std::vector<NullTest> null_tests;  ///< on rank 0
  std::vector<ScanCuts> cuts;        ///< on rank 0, of all bands
};

/// A job without its samples; the same on every rank.
struct MapContext {
  const MapmakeConfig& config;
  const std::vector<MapObservation>& observations;
  const std::vector<SurveyedObservation>& survey;
  const MapShare& share;
  const PreparationContext& preparation;
  const MapGrid& grid;
  const std::string& config_text;
  const Communicator& ranks;
  const TeamFiles& files;
};

/// Makes and writes the maps of every split of `bands`, and the table of null tests; appends to `result`. The sky
/// inside pixels is taken from one map of all data, whatever the splits. Collective.
void make_maps(LoadedBands bands, const MapContext& context, MapJobResult& result);

}  // namespace comap
