#pragma once
/// \file
/// The grid of a map before any data are read.

#include <optional>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "map/prepare/map_share.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// The grid that [mapmake] describes; nothing for a dynamic one, which the pointing decides. Throws ConfigError.
std::optional<GridDefinition> fixed_grid(const MapmakeConfig& config);

/// The extents of all ranks as one, on every rank. Collective.
PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks);

/// Throws ConfigError, with the size, when the images of a map on this grid, or the channels of a cube, exceed the
/// memory. On a HEALPix grid a map has hit pixels only.
void check_grid_memory(const GridDefinition& definition, int n_channels = 1);

/// Throws ConfigError, with where the data are, when no sample can be on the grid: known from a look at the pointing.
/// Nothing is said without any pointing. Observations that cannot be read are left in share.failures(). Collective.
void check_coverage(const MapGrid& grid, MapShare& share, const Communicator& ranks);

}  // namespace comap
