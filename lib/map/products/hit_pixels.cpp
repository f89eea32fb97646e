#include "map/products/hit_pixels.hpp"

#include <algorithm>
#include <utility>

namespace comap {

HitPixels::HitPixels(std::vector<std::int64_t> pixel) : pixel_(std::move(pixel)) {
  if (pixel_.empty()) return;
  first_ = pixel_.front();
  last_ = pixel_.back();
  while (((last_ - first_) >> shift_) > std::ssize(pixel_)) ++shift_;
  const auto n_buckets = static_cast<std::size_t>((last_ - first_) >> shift_) + 1;
  start_.assign(n_buckets + 1, pixel_.size());
  for (std::size_t i = pixel_.size(); i-- > 0;) start_[static_cast<std::size_t>((pixel_[i] - first_) >> shift_)] = i;
  for (std::size_t bucket = n_buckets; bucket-- > 0;) start_[bucket] = std::min(start_[bucket], start_[bucket + 1]);
}

std::size_t HitPixels::place(std::int64_t pixel) const {
  if (pixel < first_ || pixel > last_) return kNone;
  const auto bucket = static_cast<std::size_t>((pixel - first_) >> shift_);
  const auto begin = pixel_.begin() + static_cast<std::ptrdiff_t>(start_[bucket]);
  const auto end = pixel_.begin() + static_cast<std::ptrdiff_t>(start_[bucket + 1]);
  const auto found = std::lower_bound(begin, end, pixel);
  return found != end && *found == pixel ? static_cast<std::size_t>(found - pixel_.begin()) : kNone;
}

}  // namespace comap
