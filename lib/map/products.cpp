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

/// An image of yes and no, [y][x].
struct Region {
  std::size_t n_x = 0;
  std::size_t n_y = 0;
  std::vector<bool> inside;
};

/// One row or column: true within `width` of a true element.
void spread(const std::vector<bool>& line, std::size_t width, std::vector<bool>& near) {
  const std::size_t n = line.size();
  std::size_t distance = n + width + 1;  // to the last true element
  for (std::size_t i = 0; i < n; ++i) {
    distance = line[i] ? 0 : distance + 1;
    near[i] = distance <= width;
  }
  distance = n + width + 1;
  for (std::size_t i = n; i-- > 0;) {
    distance = line[i] ? 0 : distance + 1;
    near[i] = near[i] || distance <= width;
  }
}

/// Pixels within `width` in x and y of the region: rows first, then columns.
Region grown(const Region& region, std::size_t width) {
  Region result = region;
  std::vector<bool> line(region.n_x), near(region.n_x);
  for (std::size_t y = 0; y < region.n_y; ++y) {
    for (std::size_t x = 0; x < region.n_x; ++x) line[x] = region.inside[y * region.n_x + x];
    spread(line, width, near);
    for (std::size_t x = 0; x < region.n_x; ++x) result.inside[y * region.n_x + x] = near[x];
  }
  line.resize(region.n_y);
  near.resize(region.n_y);
  for (std::size_t x = 0; x < region.n_x; ++x) {
    for (std::size_t y = 0; y < region.n_y; ++y) line[y] = result.inside[y * region.n_x + x];
    spread(line, width, near);
    for (std::size_t y = 0; y < region.n_y; ++y) result.inside[y * region.n_x + x] = near[y];
  }
  return result;
}

/// The part of `region` that hangs together, by common sides, with the first pixel.
Region connected_to_corner(const Region& region) {
  Region result{region.n_x, region.n_y, std::vector<bool>(region.inside.size(), false)};
  std::vector<std::size_t> open;
  const auto visit = [&](std::size_t pixel) {
    if (!region.inside[pixel] || result.inside[pixel]) return;
    result.inside[pixel] = true;
    open.push_back(pixel);
  };
  visit(0);
  while (!open.empty()) {
    const std::size_t pixel = open.back();
    open.pop_back();
    const std::size_t x = pixel % region.n_x;
    if (x > 0) visit(pixel - 1);
    if (x + 1 < region.n_x) visit(pixel + 1);
    if (pixel >= region.n_x) visit(pixel - region.n_x);
    if (pixel + region.n_x < region.inside.size()) visit(pixel + region.n_x);
  }
  return result;
}

/// Pixels within `width` of what lies around the mapped area. Gaps between scans (up to 2 `width` across) and holes do
/// not count as around: sparse coverage would be all border, and clipping it would favour values near zero.
std::vector<bool> border_of(const std::vector<std::uint8_t>& mask, std::size_t n_x, std::size_t n_y,
                            std::size_t width) {
  const std::size_t margin = width + 1;
  Region mapped{n_x + 2 * margin, n_y + 2 * margin, {}};
  mapped.inside.assign(mapped.n_x * mapped.n_y, false);
  const auto padded = [&](std::size_t x, std::size_t y) { return (y + margin) * mapped.n_x + x + margin; };
  for (std::size_t i = 0; i < mask.size(); ++i) mapped.inside[padded(i % n_x, i / n_x)] = mask[i] == 0;
  Region unmapped = grown(mapped, width);
  unmapped.inside.flip();
  unmapped = grown(unmapped, width);
  const Region near = grown(connected_to_corner(unmapped), width);
  std::vector<bool> border(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) border[i] = near.inside[padded(i % n_x, i / n_x)];
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
  const std::vector<bool> border =
      border_of(map.mask, static_cast<std::size_t>(wcs.n_x()), static_cast<std::size_t>(wcs.n_y()),
                static_cast<std::size_t>(config.edge_width));
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

MapPiece share_map(const MapPiece& piece, const Communicator& ranks) {
  MapPiece whole;
  for (const Bytes& bytes : ranks.all_gather(serialize(piece))) append_piece(bytes, whole);
  return in_order_of_pixel(whole);
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
