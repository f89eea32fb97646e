#pragma once
/// \file
/// The formats that read_map knows; only for the sources of lib/io.

#include <string>
#include <string_view>

#include "io/map/map_file.hpp"

namespace comap {

/// What an HDF5 file begins with.
inline constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";

/// False for cards of the grid, of FITS and of the file: all others tell how the map was made.
bool tells_how(std::string_view card);

/// The grid that NSIDE, ORDERING and COORDSYS describe. Throws IoError naming `path` when it is none of ours.
HealpixDefinition healpix_of_cards(const std::string& path, double nside, const std::string& ordering,
                                   const std::string& coordinates);

ContinuumMap read_map_fits(const std::string& path);
/// The table CONFIG; empty when there is none.
std::string config_of_fits(const std::string& path);
ContinuumMap read_map_hdf5(const std::string& path);

}  // namespace comap
