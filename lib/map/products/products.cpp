#include "map/products/products.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/constants.hpp"
#include "core/message.hpp"
#include "map/products/hit_pixels.hpp"
#include "map/products/map_border.hpp"

namespace comap {
namespace {

void append(const MapPiece& piece, MapPiece& whole) {
  whole.pixel.insert(whole.pixel.end(), piece.pixel.begin(), piece.pixel.end());
  for (const auto values : {&MapPiece::destriped_K, &MapPiece::naive_K, &MapPiece::weight_per_K2, &MapPiece::hits}) {
    (whole.*values).insert((whole.*values).end(), (piece.*values).begin(), (piece.*values).end());
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

/// Without hits. On a HEALPix grid there is no more than the hit pixels.
ContinuumMap empty_map(const MapPiece& piece, const MapGrid& grid) {
  ContinuumMap map = map_without_images(grid);
  if (map.healpix) map.pixel = piece.pixel;
  const std::size_t n = map.healpix ? map.pixel.size() : static_cast<std::size_t>(grid.n_pixels());
  map.destriped_K.assign(n, kFloatNan);
  map.naive_K.assign(n, kFloatNan);
  map.hits.assign(n, kFloatNan);
  map.rms_K.assign(n, kFloatNan);
  map.mask.assign(n, kNeverHit);
  return map;
}

/// Of the i-th pixel of the piece in the images.
std::size_t place(const ContinuumMap& map, const MapPiece& piece, std::size_t i) {
  return map.healpix ? i : static_cast<std::size_t>(piece.pixel[i]);
}

void mask_few_hits(const MapPiece& piece, double percent, ContinuumMap& map, MaskSummary& summary) {
  summary.min_hits = percentile(piece.hits, percent);
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    if (piece.hits[i] >= summary.min_hits) continue;
    map.mask[place(map, piece, i)] |= kFewHits;
    ++summary.n_few_hits;
  }
}

std::vector<bool> border_of(const MapGrid& grid, const ContinuumMap& map, int width) {
  if (map.healpix) return border_of_pixels(grid, HitPixels(map.pixel), map.mask, width);
  return border_of_image(map.mask, static_cast<std::size_t>(map.wcs.naxis[0]),
                         static_cast<std::size_t>(map.wcs.naxis[1]), static_cast<std::size_t>(width), grid.is_closed());
}

void clip_border(const MapGrid& grid, const MapmakeConfig& config, ContinuumMap& map, MaskSummary& summary) {
  if (config.edge_width <= 0) return;
  const std::vector<bool> border = border_of(grid, map, config.edge_width);
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
    for (auto* image : {&map.destriped_K, &map.naive_K, &map.hits, &map.rms_K}) (*image)[i] = kFloatNan;
  }
}

}  // namespace

ContinuumMap map_without_images(const MapGrid& grid) {
  ContinuumMap map;
  const GridDefinition definition = grid.definition();
  if (const auto* wcs = std::get_if<WcsDefinition>(&definition)) {
    map.wcs = *wcs;
  } else {
    map.healpix = std::get<HealpixDefinition>(definition);
  }
  return map;
}

MapPiece gather_map(const MapPiece& piece, const Communicator& ranks) {
  std::vector<Bytes> to(static_cast<std::size_t>(ranks.size()));
  to[0] = pack(piece);
  const std::vector<Bytes> from = ranks.all_to_all(to);
  MapPiece whole;
  if (ranks.rank() != 0) return whole;
  for (const Bytes& bytes : from) append(unpack<MapPiece>(bytes), whole);
  return in_order_of_pixel(whole);
}

MapPiece share_map(const MapPiece& piece, const Communicator& ranks) {
  MapPiece whole;
  for (const Bytes& bytes : ranks.all_gather(pack(piece))) append(unpack<MapPiece>(bytes), whole);
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

ContinuumMap make_images(const MapPiece& piece, const MapGrid& grid, const MapmakeConfig& config,
                         MaskSummary& summary) {
  ContinuumMap map = empty_map(piece, grid);
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    const std::size_t pixel = place(map, piece, i);
    map.destriped_K[pixel] = static_cast<float>(piece.destriped_K[i]);
    map.naive_K[pixel] = static_cast<float>(piece.naive_K[i]);
    map.hits[pixel] = static_cast<float>(piece.hits[i]);
    map.rms_K[pixel] = static_cast<float>(1.0 / std::sqrt(piece.weight_per_K2[i]));
    map.mask[pixel] = 0;
  }
  mask_few_hits(piece, config.hit_percentile, map, summary);
  clip_border(grid, config, map, summary);
  blank_masked(map);
  return map;
}

}  // namespace comap
