#include "map/products.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/error.hpp"

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
void append_bytes(Bytes& bytes, const std::vector<T>& values) {
  const auto* first = reinterpret_cast<const std::byte*>(values.data());
  bytes.insert(bytes.end(), first, first + values.size() * sizeof(T));
}

template <typename T>
void take_values(const Bytes& bytes, std::size_t& position, std::size_t n, std::vector<T>& values) {
  const std::size_t old_size = values.size();
  values.resize(old_size + n);
  std::memcpy(values.data() + old_size, bytes.data() + position, n * sizeof(T));
  position += n * sizeof(T);
}

Bytes serialize(const MapPiece& piece) {
  Bytes bytes;
  append_bytes(bytes, piece.pixel);
  for (const auto* values : {&piece.destriped_K, &piece.naive_K, &piece.weight_per_K2, &piece.hits}) {
    append_bytes(bytes, *values);
  }
  return bytes;
}

void append_piece(const Bytes& bytes, MapPiece& piece) {
  const std::size_t n = bytes.size() / (5 * sizeof(double));
  std::size_t position = 0;
  take_values(bytes, position, n, piece.pixel);
  for (auto* values : {&piece.destriped_K, &piece.naive_K, &piece.weight_per_K2, &piece.hits}) {
    take_values(bytes, position, n, *values);
  }
}

template <typename T>
std::vector<T> reordered(const std::vector<T>& values, const std::vector<std::size_t>& order) {
  std::vector<T> result(order.size());
  std::ranges::transform(order, result.begin(), [&](std::size_t i) { return values[i]; });
  return result;
}

MapPiece in_order_of_pixel(const MapPiece& piece) {
  std::vector<std::size_t> order(piece.pixel.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return piece.pixel[i]; });
  return {reordered(piece.pixel, order), reordered(piece.destriped_K, order), reordered(piece.naive_K, order),
          reordered(piece.weight_per_K2, order), reordered(piece.hits, order)};
}

/// The grid with one pixel more on every side, in which the outside of the hit area is one region.
class PaddedGrid {
 public:
  PaddedGrid(const std::vector<std::uint8_t>& mask, std::size_t n_x, std::size_t n_y)
      : row_(n_x + 2), hit_(row_ * (n_y + 2), false), reached_(hit_.size(), false) {
    for (std::size_t i = 0; i < mask.size(); ++i) hit_[padded(i)] = (mask[i] & kNeverHit) == 0;
    reached_[0] = true;
    std::vector<std::size_t> region = {0};
    for (std::size_t i = 0; i < region.size(); ++i) reach_neighbours(region[i], region, false);
    front_ = std::move(region);
  }

  /// Reaches all neighbours of what is reached, hit or not.
  void grow() {
    std::vector<std::size_t> next;
    for (const std::size_t position : front_) reach_neighbours(position, next, true);
    front_ = std::move(next);
  }

  bool reached(std::size_t pixel) const { return reached_[padded(pixel)]; }

 private:
  std::size_t padded(std::size_t pixel) const {
    const std::size_t n_x = row_ - 2;
    return (pixel / n_x + 1) * row_ + pixel % n_x + 1;
  }

  void reach_neighbours(std::size_t position, std::vector<std::size_t>& found, bool also_hit) {
    const std::size_t x = position % row_;
    const auto reach = [&](std::size_t neighbour) {
      if (reached_[neighbour] || (hit_[neighbour] && !also_hit)) return;
      reached_[neighbour] = true;
      found.push_back(neighbour);
    };
    if (x > 0) reach(position - 1);
    if (x + 1 < row_) reach(position + 1);
    if (position >= row_) reach(position - row_);
    if (position + row_ < hit_.size()) reach(position + row_);
  }

  std::size_t row_;
  std::vector<bool> hit_;
  std::vector<bool> reached_;
  std::vector<std::size_t> front_;
};

/// Pixels not further than `width` steps from the outside of the hit area; holes in the area are not outside.
std::vector<bool> border_of_hit_area(const std::vector<std::uint8_t>& mask, const Wcs& wcs, int width) {
  PaddedGrid grid(mask, static_cast<std::size_t>(wcs.n_x()), static_cast<std::size_t>(wcs.n_y()));
  for (int step = 0; step < width; ++step) grid.grow();
  std::vector<bool> border(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) border[i] = grid.reached(i);
  return border;
}

ContinuumMap empty_map(const Wcs& wcs) {
  const auto n = static_cast<std::size_t>(wcs.n_pixels());
  ContinuumMap map;
  map.wcs = wcs.definition();
  map.destriped_K.assign(n, kNan);
  map.naive_K.assign(n, kNan);
  map.hits.assign(n, kNan);
  map.rms_K.assign(n, kNan);
  map.mask.assign(n, kNeverHit);
  return map;
}

void mask_few_hits(const MapPiece& piece, double percent, ContinuumMap& map, MaskSummary& summary) {
  summary.min_hits = percentile(piece.hits, percent);
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    if (piece.hits[i] >= summary.min_hits) continue;
    map.mask[static_cast<std::size_t>(piece.pixel[i])] |= kFewHits;
    ++summary.n_few_hits;
  }
}

void clip_border(const Wcs& wcs, const MapmakeConfig& config, ContinuumMap& map, MaskSummary& summary) {
  if (config.edge_width <= 0) return;
  const std::vector<bool> border = border_of_hit_area(map.mask, wcs, config.edge_width);
  std::vector<double> interior;
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0 && !border[i]) interior.push_back(map.destriped_K[i]);
  }
  const double low = percentile(interior, config.edge_clip_percentiles[0]);
  const double high = percentile(std::move(interior), config.edge_clip_percentiles[1]);
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] != 0 || !border[i]) continue;
    if (map.destriped_K[i] >= low && map.destriped_K[i] <= high) continue;
    if (std::isnan(low)) continue;
    map.mask[i] |= kClippedBorder;
    ++summary.n_clipped;
  }
}

void blank_masked(ContinuumMap& map) {
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0) continue;
    for (auto* image : {&map.destriped_K, &map.naive_K, &map.hits, &map.rms_K}) (*image)[i] = kNan;
  }
}

}  // namespace

MapPiece gather_map(const MapPiece& piece, const Communicator& ranks) {
  std::vector<Bytes> to(static_cast<std::size_t>(ranks.size()));
  to[0] = serialize(piece);
  MapPiece whole;
  for (const Bytes& bytes : ranks.all_to_all(to)) append_piece(bytes, whole);
  return ranks.rank() == 0 ? in_order_of_pixel(whole) : MapPiece{};
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double position = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), below, values.end());
  const double lower = *below;
  const double fraction = position - std::floor(position);
  if (fraction == 0.0) return lower;
  return lower + fraction * (*std::min_element(below + 1, values.end()) - lower);
}

ContinuumMap make_images(const MapPiece& piece, const Wcs& wcs, const MapmakeConfig& config, MaskSummary& summary) {
  ContinuumMap map = empty_map(wcs);
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    const auto pixel = static_cast<std::size_t>(piece.pixel[i]);
    map.destriped_K[pixel] = static_cast<float>(piece.destriped_K[i]);
    map.naive_K[pixel] = static_cast<float>(piece.naive_K[i]);
    map.hits[pixel] = static_cast<float>(piece.hits[i]);
    map.rms_K[pixel] = static_cast<float>(1.0 / std::sqrt(piece.weight_per_K2[i]));
    map.mask[pixel] = 0;
  }
  mask_few_hits(piece, config.hit_percentile, map, summary);
  clip_border(wcs, config, map, summary);
  blank_masked(map);
  return map;
}

}  // namespace comap
