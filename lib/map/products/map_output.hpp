#pragma once
/// \file
/// From the solved map of one band to its files.

#include <string>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "destripe/destriper.hpp"
#include "io/hdf5/team_files.hpp"
#include "map/products/products.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Files that were written; empty = not asked for.
struct MapPaths {
  std::string fits;
  std::string hdf5;
  std::string plot;
  std::string convergence_plot;
};

/// Writes <stem>.fits and <stem>.hd5, as [mapmake] format says, and with `plot` <stem>.png and, after several solves,
/// <stem>_convergence.png. `record` is completed with masks and warnings. A picture that cannot be drawn is a warning.
/// Collective. Throws IoError on every rank when a map cannot be written.
MapPaths write_map(const std::string& stem, const std::string& title, const MapPiece& piece, const MapGrid& grid,
                   const MapmakeConfig& config, MapRecord& record, const TeamFiles& files, const Communicator& ranks);

}  // namespace comap
