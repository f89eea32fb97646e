#pragma once
/// \file
/// A map job from Level-2 files to map files.
/// In this folder: plan (which files and scans, whose, on which grid), prepare (from files to samples for the
/// destriper), solve_passes and outer_iterations (solves before the last), null_test (the last solve, of all data and
/// of its parts), products (from solved maps to files). map_job is the order of them.

#include <string>
#include <vector>

#include "config/io_config.hpp"
#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "io/hdf5/team_files.hpp"
#include "map/null_test/split_maps.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// Makes one map for every entry of [mapmake] bands: <output_dir>/<name>_band<k>.fits or .hd5, with a PNG beside
/// it when [mapmake] plot is set; with a split, one for each label, the half-difference map of a split that gives two,
/// and a table of null tests. Files are read once. Pointing is read and transformed once for all bands. Observations
/// whose file turns out to be bad are left out and reported, whatever rank notices. `config_text` goes into the HISTORY
/// of the maps. `files` opens HDF5 files over `ranks`; the default does for one rank, and for any number with format =
/// "fits".
///
/// Throws on every rank: IoError when a map cannot be written, ObservationError when a file named by a setting cannot
/// be read, ConfigError for a grid that cannot be. Collective.
MapJobResult run_map_job(const MapmakeConfig& config, const IoConfig& io,
                         const std::vector<MapObservation>& observations, const std::string& config_text,
                         const Communicator& ranks, const TeamFiles& files = SerialFiles());

}  // namespace comap
