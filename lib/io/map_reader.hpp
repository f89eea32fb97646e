#pragma once
/// \file
/// Reading maps on flat grids that write_map_fits wrote.

#include <optional>
#include <string>

#include "io/map_file.hpp"

namespace comap {

/// All HDUs: grid, the four float images and the mask, OBSIDS, HISTORY lines, and the cards that say how the map was
/// made, in order (those of the grid, of FITS itself, DATE, checksums and DATAMIN/DATAMAX are left out). Images of
/// other number types are converted; in a map written by another program HISTORY and OBSIDS may be missing. Throws
/// IoError naming file and HDU when one of the images is missing or has another size, and for a HEALPix map.
ContinuumMap read_map_fits(const std::string& path);

/// A card by name; nullptr when the map has none.
const HeaderCard* find_card(const ContinuumMap& map, const std::string& name);

/// The value of a card as text, numbers with 15 digits.
std::string card_text(const HeaderCard& card);

}  // namespace comap
