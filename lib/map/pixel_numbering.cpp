#include "map/pixel_numbering.hpp"

#include <bit>
#include <limits>

#include "core/error.hpp"

namespace comap {

PixelNumbering::PixelNumbering(std::int64_t n_pixels, std::int64_t n_columns) {
  if (n_pixels < 0 || n_pixels > std::numeric_limits<std::int32_t>::max() || n_columns < 0 || n_columns > n_pixels) {
    throw Bug("a map has at most 2^31 - 1 pixels, and rows no longer than that");
  }
  n_pixels_ = static_cast<std::uint32_t>(n_pixels);
  n_columns_ = static_cast<std::uint32_t>(n_columns);
  std::size_t n_tiles = (n_pixels_ + 63) / 64;
  if (n_columns_ > 0) {
    rows_per_pixel_ = 1.0 / n_columns_;
    tiles_in_row_ = (n_columns_ + kTileSide - 1) / kTileSide;
    const std::size_t n_rows = (n_pixels_ + n_columns_ - 1) / n_columns_;
    n_tiles = tiles_in_row_ * ((n_rows + kTileSide - 1) / kTileSide);
  }
  for (unsigned row = 0; row < kTileSide; ++row) {
    for (unsigned column = 0; column < kTileSide; ++column) {
      const unsigned cache_line = row / 2 * 2 + column / 4;
      bit_of_[row * kTileSide + column] = static_cast<std::uint8_t>(cache_line * 8 + row % 2 * 4 + column % 4);
    }
  }
  hit_.assign(n_tiles, 0);
}

void PixelNumbering::finish() {
  first_.resize(hit_.size());
  size_ = 0;
  for (std::size_t tile = 0; tile < hit_.size(); ++tile) {
    first_[tile] = size_;
    size_ += std::popcount(hit_[tile]);
  }
}

std::vector<std::int32_t> PixelNumbering::map_pixels() const {
  std::array<std::uint8_t, 64> cell_of{};
  for (std::uint8_t cell = 0; cell < 64; ++cell) cell_of[bit_of_[cell]] = cell;
  std::vector<std::int32_t> result;
  result.reserve(static_cast<std::size_t>(size_));
  for (std::size_t tile = 0; tile < hit_.size(); ++tile) {
    for (std::uint64_t left = hit_[tile]; left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      std::size_t pixel = tile * 64 + bit;
      if (n_columns_ > 0) {
        const unsigned cell = cell_of[bit];
        const std::size_t row = tile / tiles_in_row_ * kTileSide + cell / kTileSide;
        pixel = row * n_columns_ + tile % tiles_in_row_ * kTileSide + cell % kTileSide;
      }
      result.push_back(static_cast<std::int32_t>(pixel));
    }
  }
  return result;
}

}  // namespace comap
