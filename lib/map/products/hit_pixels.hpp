#pragma once
/// \file
/// Where the hit pixels of a map stand in its lists.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace comap {

/// Pixel number -> place in an ascending list of them. Memory and time depend on the hit pixels, not on the map.
class HitPixels {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

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

}  // namespace comap
