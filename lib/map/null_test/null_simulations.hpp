#pragma once
/// \file
/// The null tests of splits on nothing but noise.

#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "map/null_test/null_test.hpp"
#include "map/null_test/residual_noise.hpp"
#include "map/null_test/splits.hpp"
#include "map/prepare/loaded_bands.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// A split, and the label of each segment of this rank.
struct LabelledSplit {
  Split split;
  std::vector<int> labels;  ///< [segment]
};

/// Statistics of [mapmake] null_test_simulations realisations of the noise, with the pointing, the flags, the weights
/// and the solves of the data: [split][stream][realisation] on rank 0. Splits with one map have none. `bands` are as
/// before afterwards. With [mapmake] null_test_noise = "residual" the noise is what the data minus a map have
/// (residual_noise.hpp); `places` [segment]. Collective.
std::vector<std::vector<std::vector<NullStatistic>>> simulate_null_tests(
    LoadedBands& bands, std::span<const ScanPlace> places, const std::vector<LabelledSplit>& splits,
    const MapmakeConfig& config, const DestriperSettings& settings, const MapGrid& grid, const Communicator& ranks);

}  // namespace comap
