#pragma once
/// \file
/// The images and keywords of a map as files and pictures show them; only for the sources of lib/io.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/constants.hpp"
#include "io/map/map_file.hpp"

namespace comap {

/// One float image of a map and its name in files.
struct NamedImage {
  std::string_view name;  ///< EXTNAME
  std::string_view unit;  ///< BUNIT; empty for counts
  const std::vector<float>& values;
};

/// Destriped map, NAIVE, HITS, RMS.
std::array<NamedImage, 4> float_images(const ContinuumMap& map);

/// NaN where the mask is not 0.
std::vector<float> masked(const std::vector<float>& values, const std::vector<std::uint8_t>& mask);

/// CTYPE, CRPIX, CRVAL, CDELT, CUNIT of axes 1 and 2.
std::vector<HeaderCard> celestial_cards(const WcsDefinition& wcs);
/// Of a map of part of the sky with explicit pixel numbers, or of the whole ("The HEALPix Primer"; what healpy.read_map
/// looks for). `n_pixels` have a value.
std::vector<HeaderCard> healpix_cards(const HealpixDefinition& healpix, std::int64_t n_pixels,
                                      HealpixRows rows = HealpixRows::partial);
/// Who made a file: ORIGIN, TELESCOP, CREATOR.
std::vector<HeaderCard> origin_cards();

/// The columns of the table CUTS but for REASON, and a row of it.
inline constexpr std::array<std::string_view, 17> kCutColumns = {
    "OBSID",  "FEED", "FREQBAND", "SCAN",   "SAMPLES",  "USED",  "MISSING",  "GLITCHES", "OFF_GRID",
    "BRIGHT", "NAN",  "NOT_POS",  "ABSURD", "REPEATED", "QUIET", "POINTING", "CHANNELS"};
std::array<std::int64_t, kCutColumns.size()> numbers_of(const CutRow& row);

/// Throws Bug when an image does not have the size of the grid.
void check_images(const ContinuumMap& map);

}  // namespace comap
