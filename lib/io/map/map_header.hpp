#pragma once
/// \file
/// The cards and columns of map files that writers and readers know; only for the sources of lib/io.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/map/continuum_map.hpp"

namespace comap {

/// CTYPE, CRPIX, CRVAL, CDELT, CUNIT of axes 1 and 2.
std::vector<HeaderCard> celestial_cards(const WcsDefinition& wcs);
/// The cards of a map of part of the sky with explicit pixel numbers, or of the whole ("The HEALPix Primer"; what
/// healpy.read_map looks for). `n_pixels` have a value.
std::vector<HeaderCard> healpix_cards(const HealpixDefinition& healpix, std::int64_t n_pixels,
                                      HealpixRows rows = HealpixRows::partial);
/// Who made a file: ORIGIN, TELESCOP, CREATOR.
std::vector<HeaderCard> origin_cards();

/// The columns of the table CUTS but for REASON, and a row of it.
inline constexpr std::array<std::string_view, 17> kCutColumns = {
    "OBSID",  "FEED", "FREQBAND", "SCAN",   "SAMPLES",  "USED",  "MISSING",  "GLITCHES", "OFF_GRID",
    "BRIGHT", "NAN",  "NOT_POS",  "ABSURD", "REPEATED", "QUIET", "POINTING", "CHANNELS"};
std::array<std::int64_t, kCutColumns.size()> numbers_of(const CutRow& row);

/// False for cards of the grid, of FITS and of the file: all others tell how the map was made.
bool tells_how(std::string_view card);

/// The grid that NSIDE, ORDERING and COORDSYS describe. Throws IoError naming `path` when it is none of ours.
HealpixDefinition healpix_of_cards(const std::string& path, double nside, const std::string& ordering,
                                   const std::string& coordinates);

/// A WCS, but for its size, of what has text(name) and number(name) by card.
template <typename Cards>
WcsDefinition wcs_of_cards(Cards& cards) {
  WcsDefinition wcs;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::string number = std::to_string(axis + 1);
    wcs.ctype[axis] = cards.text("CTYPE" + number);
    wcs.crpix[axis] = cards.number("CRPIX" + number);
    wcs.crval_deg[axis] = cards.number("CRVAL" + number);
    wcs.cdelt_deg[axis] = cards.number("CDELT" + number);
  }
  return wcs;
}

}  // namespace comap
