#pragma once
/// \file
/// Continuum maps to files: FITS with the HDUs and headers of docs/mapmaking.md, or HDF5 with the same contents.

#include <cstdint>
#include <string>

#include "core/communicator.hpp"
#include "io/hdf5/team_files.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {

/// Writes `path` with all HDUs, checksums and the tables OBSIDS, CUTS and CONFIG; the file appears under its name only
/// when complete. A HEALPix map is a table HEALPIX of `rows` instead of images, and MASKED has the bits of hit pixels
/// without value. DATE is the only thing that differs between two runs. Throws IoError.
void write_map_fits(const std::string& path, const ContinuumMap& map, HealpixRows rows = HealpixRows::partial);

/// One collective write of a rank is not larger: MPI-IO under HDF5 1.10 fails beyond 2^31 bytes.
inline constexpr std::int64_t kMaxWrite_bytes = std::int64_t{1} << 30;

/// Writes the content of the FITS file: the images (float32) by name in lower case and `mask` (uint8) [y][x], or
/// [hit pixel] with `pixel` (int64) for HEALPix; `observations/` and `cuts/` with the columns of OBSIDS and
/// CUTS in lower case; grid, settings and software as attributes of the file, HISTORY and `configuration` as one text
/// each. Every rank writes its share of the rows.
///
/// On ranks other than 0 the grid of `map` is needed and nothing else. The file appears under its name when it is
/// complete. Collective. Throws IoError on every rank when any fails.
void write_map_hdf5(const std::string& path, const ContinuumMap& map, const TeamFiles& files, const Communicator& ranks,
                    std::int64_t max_write_bytes = kMaxWrite_bytes);

}  // namespace comap
