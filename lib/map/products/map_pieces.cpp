#include "map/products/map_pieces.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/message.hpp"

namespace comap {
namespace {

MapPiece in_order_of_pixel(const std::vector<MapPiece>& pieces) {
  MapPiece whole;
  const auto columns = value_columns(whole);
  for (const MapPiece& piece : pieces) {
    append_all(piece.pixel, whole.pixel);
    for (std::size_t k = 0; k < columns.size(); ++k) append_all(*value_columns(piece)[k], *columns[k]);
  }
  const std::vector<std::size_t> order = ascending_order(whole.pixel);
  whole.pixel = rows_in_order(whole.pixel, order);
  for (std::vector<double>* column : columns) *column = rows_in_order(*column, order);
  return whole;
}

}  // namespace

std::vector<std::size_t> ascending_order(const std::vector<std::int64_t>& pixel) {
  std::vector<std::size_t> order(pixel.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t row) { return pixel[row]; });
  return order;
}

HitPixels::HitPixels(std::vector<std::int64_t> pixel) : pixel_(std::move(pixel)) {
  if (pixel_.empty()) return;
  first_ = pixel_.front();
  last_ = pixel_.back();
  while (((last_ - first_) >> shift_) > std::ssize(pixel_)) ++shift_;
  const std::size_t n_buckets = ((last_ - first_) >> shift_) + 1;
  start_.assign(n_buckets + 1, pixel_.size());
  for (std::size_t i = pixel_.size(); i-- > 0;) start_[(pixel_[i] - first_) >> shift_] = i;
  for (std::size_t bucket = n_buckets; bucket-- > 0;) start_[bucket] = std::min(start_[bucket], start_[bucket + 1]);
}

std::size_t HitPixels::place(std::int64_t pixel) const {
  if (pixel < first_ || pixel > last_) return kNone;
  const std::size_t bucket = (pixel - first_) >> shift_;
  const auto begin = pixel_.begin() + start_[bucket];
  const auto end = pixel_.begin() + start_[bucket + 1];
  const auto found = std::lower_bound(begin, end, pixel);
  return found != end && *found == pixel ? (found - pixel_.begin()) : kNone;
}

MapPiece gather_map(const MapPiece& piece, const Communicator& ranks) {
  return in_order_of_pixel(gather(ranks, piece));
}

MapPiece share_map(const MapPiece& piece, const Communicator& ranks) {
  return in_order_of_pixel(all_gather(ranks, piece));
}

}  // namespace comap
