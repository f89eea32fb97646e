#pragma once
/// \file
/// The border of the mapped area, where values outside the usual range are clipped.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "map/products/map_pieces.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Pixels within `width` (in x and y) of what lies around the mapped area, which is where the mask is 0 [y][x]. The
/// edge of the grid lies around it; but on one that `is_closed` the last column is beside the first. Gaps between scans
/// (up to 2 `width` across) and holes do not count as around: sparse coverage would be all border, and clipping it
/// would favour values near zero.
std::vector<bool> border_of_image(const std::vector<std::uint8_t>& mask, std::size_t n_x, std::size_t n_y,
                                  std::size_t width, bool is_closed = false);

/// The same by steps from pixel to neighbour, mask and result [hit pixel]. On a sphere nothing tells the inside from
/// the outside, so that holes more than 2 `width` across have a border, too.
std::vector<bool> border_of_pixels(const MapGrid& grid, const HitPixels& hit, const std::vector<std::uint8_t>& mask,
                                   int width);

}  // namespace comap
