#pragma once
/// \file
/// The sums of a map, spread over the ranks pixel by pixel: all of them together, and where a pixel stands among them.
/// In this folder: map_pieces, residual (data minus map) -> map_images with map_border (images and masks) ->
/// map_record (what the header says, and warnings) -> map_files (everything of one map to its files).

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// Pixel number -> place in an ascending list of them. Memory and time depend on the hit pixels, not on the map.
class HitPixels {
 public:
  static constexpr std::size_t kNone = -1;

  /// `pixel` ascends.
  explicit HitPixels(std::vector<std::int64_t> pixel);

  std::size_t size() const { return pixel_.size(); }
  const std::vector<std::int64_t>& pixel() const { return pixel_; }
  /// kNone for pixels that were not hit, and for negative numbers.
  std::size_t place(std::int64_t pixel) const;

 private:
  std::vector<std::int64_t> pixel_;
  std::int64_t first_ = 0, last_ = -1;
  int shift_ = 0;                   ///< 2^shift pixel numbers share a bucket
  std::vector<std::size_t> start_;  ///< [bucket] place of its first hit pixel; one more at the end
};

/// Row numbers in order of pixel.
std::vector<std::size_t> ascending_order(const std::vector<std::int64_t>& pixel);

/// Rows of `width` values, in another order.
template <typename T>
std::vector<T> rows_in_order(const std::vector<T>& values, const std::vector<std::size_t>& order,
                             std::size_t width = 1) {
  std::vector<T> result;
  result.reserve(values.size());
  for (const std::size_t row : order) {
    result.insert(result.end(), values.begin() + row * width, values.begin() + (row + 1) * width);
  }
  return result;
}

template <typename T>
void append_all(std::span<const std::type_identity_t<T>> more, std::vector<T>& values) {
  values.insert(values.end(), more.begin(), more.end());
}

/// The pieces of all ranks as one, in order of pixel, on rank 0; empty on the others. Collective; what is sent and
/// held is proportional to the hit pixels.
MapPiece gather_map(const MapPiece& piece, const Communicator& ranks);

/// The same on every rank.
MapPiece share_map(const MapPiece& piece, const Communicator& ranks);

}  // namespace comap
