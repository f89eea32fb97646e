#pragma once
/// \file
/// The pixels that a rank hits, numbered without gaps and so that neighbours on the sky are neighbours in memory.

#include <cstdint>
#include <span>
#include <vector>

#include "destripe/problem.hpp"

namespace comap {

/// Map pixel <-> local pixel. Tiles of 8 x 8 map pixels follow each other; inside a tile 4 x 2 pixels share a cache
/// line of doubles, so that scans in any direction use what they load. Takes 16 bytes for each 64 pixels of the map.
/// Use: mark() every hit pixel, then finish(), then make_local().
class PixelNumbering {
 public:
  /// `n_columns` pixels in a row; 0 = no rows, 64 consecutive pixels make a tile.
  PixelNumbering(std::int64_t n_pixels, std::int64_t n_columns);

  /// A pixel outside [0, n_pixels) marks nothing.
  void mark(std::int32_t pixel) {
    const auto index = static_cast<std::uint32_t>(pixel);
    const bool inside = index < n_pixels_;
    marked_[inside ? index / 64 : 0] |= std::uint64_t{inside} << index % 64;
  }
  void finish();

  std::int32_t size() const { return size_; }
  /// Local number of a marked pixel.
  std::int32_t local(std::int32_t pixel) const { return local_at(place_of(pixel)); }
  /// The same for any pixel; -1 for one that is not marked.
  std::int32_t find(std::int32_t pixel) const {
    const std::int32_t place = place_of(pixel);
    const bool hit = (tiles_[place >> 6].hit >> (place & 63) & 1U) != 0;
    return hit ? local_at(place) : -1;
  }
  /// local() for many at once: map pixels become their local numbers.
  void make_local(std::span<std::int32_t> pixels) const;
  /// The map pixel of each local pixel.
  std::vector<std::int32_t> map_pixels() const;

 private:
  struct Tile {
    std::uint64_t hit = 0;   ///< one bit for each pixel
    std::int32_t first = 0;  ///< local number of its first hit pixel
  };

  /// Tile times 64 plus the bit within the tile.
  std::int32_t place_of(std::int32_t pixel) const {
    if (n_columns_ == 0) return pixel;
    const auto row = static_cast<std::int32_t>((pixel + 0.5) * rows_per_pixel_);
    const std::int32_t column = pixel - row * n_columns_;
    const std::int32_t tile = (row >> 3) * tiles_in_row_ + (column >> 3);
    const std::int32_t cache_line = (row >> 1 & 3) * 2 + (column >> 2 & 1);
    return tile * 64 + cache_line * 8 + (row & 1) * 4 + (column & 3);
  }
  std::int32_t local_at(std::int32_t place) const {
    const Tile& tile = tiles_[place >> 6];
    return tile.first + __builtin_popcountll(tile.hit & ((std::uint64_t{1} << (place & 63)) - 1));
  }

  std::int32_t n_columns_ = 0;
  std::uint32_t n_pixels_ = 0;
  std::int32_t tiles_in_row_ = 0;
  double rows_per_pixel_ = 0.0;
  std::vector<std::uint64_t> marked_;  ///< one bit for each map pixel in order; empty after finish()
  std::vector<Tile> tiles_;
  std::int32_t size_ = 0;
};

/// Checks lengths and pixel indices (throws Bug) and marks the pixels of segments that have data in any stream.
PixelNumbering number_pixels(const DestriperData& data, const DestriperSettings& settings);

}  // namespace comap
