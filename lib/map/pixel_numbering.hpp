#pragma once
/// \file
/// The pixels that a rank hits, numbered without gaps and so that neighbours on the sky are neighbours in memory.

#include <array>
#include <cstdint>
#include <vector>

namespace comap {

/// Map pixel <-> local pixel. Tiles of 8 x 8 map pixels follow each other; inside a tile 4 x 2 pixels share a cache
/// line of doubles, so that scans in any direction use what they load. Takes 12 bytes for each 64 pixels of the map.
/// Use: mark() every hit pixel, then finish(), then local().
class PixelNumbering {
 public:
  /// `n_columns` pixels in a row; 0 = no rows, 64 consecutive pixels make a tile.
  PixelNumbering(std::int64_t n_pixels, std::int64_t n_columns);

  /// `pixel` is within [0, n_pixels).
  void mark(std::int32_t pixel) {
    const Place place = place_of(pixel);
    hit_[place.tile] |= std::uint64_t{1} << place.bit;
  }
  void finish();

  std::int32_t size() const { return size_; }
  /// Local number of a marked pixel.
  std::int32_t local(std::int32_t pixel) const {
    const Place place = place_of(pixel);
    const std::uint64_t before = hit_[place.tile] & ((std::uint64_t{1} << place.bit) - 1);
    return first_[place.tile] + __builtin_popcountll(before);
  }
  /// The map pixel of each local pixel.
  std::vector<std::int32_t> map_pixels() const;

 private:
  static constexpr unsigned kTileSide = 8;

  struct Place {
    std::size_t tile;
    unsigned bit;
  };
  Place place_of(std::int32_t pixel) const {
    const auto index = static_cast<std::uint32_t>(pixel);
    if (n_columns_ == 0) return {index / 64, index % 64};
    const auto row = static_cast<std::uint32_t>((index + 0.5) * rows_per_pixel_);
    const std::uint32_t column = index - row * n_columns_;
    return {std::size_t{row / kTileSide} * tiles_in_row_ + column / kTileSide,
            bit_of_[row % kTileSide * kTileSide + column % kTileSide]};
  }

  std::uint32_t n_columns_ = 0;
  std::uint32_t n_pixels_ = 0;
  std::size_t tiles_in_row_ = 0;
  double rows_per_pixel_ = 0.0;
  std::array<std::uint8_t, 64> bit_of_{};  ///< by row and column within a tile
  std::vector<std::uint64_t> hit_;         ///< [tile] one bit for each pixel
  std::vector<std::int32_t> first_;        ///< [tile] local number of its first hit pixel
  std::int32_t size_ = 0;
};

}  // namespace comap
