#pragma once
/// \file
/// The solves that come before the one that makes the maps.

#include <span>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "destripe/problem.hpp"
#include "map/prepare/loaded_bands.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// With [mapmake] noise_prior = "residual" a solve with long offsets tells the noise of each scan, and so the prior of
/// the offsets. With glitch_second_pass a solve tells where the data are far from map and offsets; those samples become
/// NaN, and glitches in `cuts`. Collective.
void find_noise_and_glitches(LoadedBands& bands, const MapmakeConfig& config, const DestriperSettings& settings,
                             const MapGrid& grid, const Communicator& ranks);

/// Solves for a map of all data that tells what the sky does inside pixels, which short offsets would follow, and sets
/// DestriperStream::subpixel_K of every stream. Returns the solutions, without their maps, for later solves to start
/// from. Collective.
std::vector<DestriperResult> find_subpixel_structure(DestriperData& data, std::span<const WithinPixel> within_pixel,
                                                     const DestriperSettings& settings, const MapGrid& grid,
                                                     const Communicator& ranks);

}  // namespace comap
