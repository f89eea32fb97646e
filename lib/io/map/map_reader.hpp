#pragma once
/// \file
/// Reading the maps that write_map_fits and write_map_hdf5 wrote.

#include <span>
#include <string>

#include "io/map/continuum_map.hpp"

namespace comap {

/// A map of any format, told by the content of the file: FITS images, a FITS table of HEALPix pixels, or HDF5 of
/// either grid. All of it but CUTS: grid, the images of `kinds` and the mask, OBSIDS, HISTORY lines, and the cards that
/// say how the map was made (those of the grid, of FITS itself, DATE, checksums and DATAMIN/DATAMAX are left out).
/// Flags of HDF5 files are the numbers 0 and 1. Images of other number types are converted; in a map written by another
/// program HISTORY and OBSIDS may be missing. Throws IoError naming the file and what is missing or has another size.
ContinuumMap read_map(const std::string& path, std::span<const MapImage> kinds = kMapImages);

/// The formats that read_map knows.
ContinuumMap read_map_fits(const std::string& path, std::span<const MapImage> kinds);
ContinuumMap read_map_hdf5(const std::string& path, std::span<const MapImage> kinds);

}  // namespace comap
