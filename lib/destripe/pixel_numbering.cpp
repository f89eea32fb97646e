#include "destripe/pixel_numbering.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/error.hpp"

namespace comap {
namespace {

bool in_any_stream(const DestriperData& data, std::size_t segment) {
  return std::ranges::any_of(data.streams,
                             [&](const DestriperStream& stream) { return has_data(stream.weight_per_K2[segment]); });
}

void check_lengths(const DestriperData& data) {
  const std::size_t n_samples = data.pixel.size();
  const auto fits = [&](std::size_t length) { return length == 0 || length == n_samples; };
  bool all_fit = fits(data.weight_factor.size()) && fits(data.solver_factor.size()) && fits(data.airmass.size());
  for (const DestriperStream& stream : data.streams) {
    all_fit = all_fit && stream.tod_K.size() == n_samples && fits(stream.subpixel_K.size()) &&
              stream.weight_per_K2.size() == data.segments.size();
  }
  if (!all_fit) throw Bug("the arrays of the destriper differ in length");
  for (const DestriperSegment& segment : data.segments) {
    const bool inside =
        segment.start >= 0 && segment.n_samples >= 0 && segment.start + segment.n_samples <= std::ssize(data.pixel);
    if (!inside || (segment.fits_airmass && data.airmass.empty()))
      throw Bug("a segment of the destriper does not fit its samples");
  }
}

}  // namespace

PixelNumbering::PixelNumbering(std::int64_t n_pixels, std::int64_t n_columns) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t kTileSide = 8;
  const std::int64_t n_rows = n_columns > 0 ? (n_pixels + n_columns - 1) / n_columns : 0;
  const std::int64_t tiles_in_row = (n_columns + kTileSide - 1) / kTileSide;
  const std::int64_t n_tiles =
      n_columns > 0 ? tiles_in_row * ((n_rows + kTileSide - 1) / kTileSide) : n_pixels / 64 + 1;
  if (n_pixels < 0 || n_columns < 0 || n_columns > n_pixels || n_tiles > kLargest / 64) {
    throw Bug("a map has fewer than 2^31 pixels in tiles of 8 x 8, and rows no longer than that");
  }
  n_pixels_ = static_cast<std::uint32_t>(n_pixels);
  n_columns_ = static_cast<std::int32_t>(n_columns);
  tiles_in_row_ = static_cast<std::int32_t>(tiles_in_row);
  if (n_columns > 0) rows_per_pixel_ = 1.0 / static_cast<double>(n_columns);
  marked_.assign(n_pixels_ / 64 + 1, 0);
  tiles_.resize(n_tiles);
}

void PixelNumbering::finish() {
  for (std::size_t word = 0; word < marked_.size(); ++word) {
    for (std::uint64_t left = marked_[word]; left != 0; left &= left - 1) {
      const std::int32_t place = place_of(static_cast<std::int32_t>(word) * 64 + std::countr_zero(left));
      tiles_[place >> 6].hit |= std::uint64_t{1} << (place & 63);
    }
  }
  marked_ = {};
  size_ = 0;
  for (Tile& tile : tiles_) {
    tile.first = size_;
    size_ += std::popcount(tile.hit);
  }
}

void PixelNumbering::make_local(std::span<std::int32_t> pixels) const {
  for (std::int32_t& pixel : pixels) pixel = place_of(pixel);
  for (std::int32_t& place : pixels) place = local_at(place);
}

std::vector<std::int32_t> PixelNumbering::map_pixels() const {
  std::vector<std::int32_t> result;
  result.reserve(size_);
  for (std::size_t tile = 0; tile < tiles_.size(); ++tile) {
    const auto t = static_cast<std::int32_t>(tile);
    for (std::uint64_t left = tiles_[tile].hit; left != 0; left &= left - 1) {
      const std::int32_t bit = std::countr_zero(left);
      if (n_columns_ == 0) {
        result.push_back(t * 64 + bit);
        continue;
      }
      const std::int32_t row = t / tiles_in_row_ * 8 + (bit >> 4) * 2 + (bit >> 2 & 1);
      const std::int32_t column = t % tiles_in_row_ * 8 + (bit >> 3 & 1) * 4 + (bit & 3);
      result.push_back(row * n_columns_ + column);
    }
  }
  return result;
}

PixelNumbering number_pixels(const DestriperData& data, const DestriperSettings& settings) {
  check_lengths(data);
  PixelNumbering numbering(settings.n_pixels, settings.n_columns);
  for (std::size_t index = 0; index < data.segments.size(); ++index) {
    if (!in_any_stream(data, index)) continue;
    const DestriperSegment& segment = data.segments[index];
    std::int32_t largest = -1;
    for (const std::int32_t pixel : std::span(data.pixel).subspan(segment.start, segment.n_samples)) {
      numbering.mark(pixel);
      largest = std::max(largest, pixel);
    }
    if (largest >= settings.n_pixels) throw Bug("a pixel index of the destriper is outside the map");
    passed_over(data.pixel, segment.n_samples);
  }
  numbering.finish();
  return numbering;
}

}  // namespace comap
