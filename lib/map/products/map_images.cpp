#include "map/products/map_images.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "map/products/map_border.hpp"
#include "map/products/map_pieces.hpp"

namespace comap {
namespace {

/// Without hits. On a HEALPix grid there is no more than the hit pixels.
ContinuumMap empty_map(const MapPiece& piece, const MapGrid& grid) {
  ContinuumMap map = map_without_images(grid);
  if (map.healpix) map.pixel = piece.pixel;
  const std::size_t n = map.healpix ? map.pixel.size() : grid.n_pixels();
  for (ImageValues& image : map.images) image.values.assign(n, kFloatNan);
  map.mask.assign(n, kNeverHit);
  return map;
}

/// The place of the i-th pixel of the piece in the images.
std::size_t place(const ContinuumMap& map, const MapPiece& piece, std::size_t i) {
  return map.healpix ? i : piece.pixel[i];
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
  return border_of_image(map.mask, map.wcs.naxis[0], map.wcs.naxis[1], width, grid.is_closed());
}

void clip_border(const MapGrid& grid, const MapmakeConfig& config, ContinuumMap& map, MaskSummary& summary) {
  if (config.edge_width <= 0) return;
  const std::vector<bool> border = border_of(grid, map, config.edge_width);
  std::vector<double> interior;
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0 && !border[i]) interior.push_back(map.destriped_K()[i]);
  }
  const double low = percentile(interior, config.edge_clip_percentiles[0]);
  const double high = percentile(std::move(interior), config.edge_clip_percentiles[1]);
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] != 0 || !border[i]) continue;
    if (map.destriped_K()[i] >= low && map.destriped_K()[i] <= high) continue;
    if (std::isnan(low)) continue;
    map.mask[i] |= kClippedBorder;
    ++summary.n_clipped;
  }
}

void blank_masked(ContinuumMap& map) {
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0) continue;
    for (ImageValues& image : map.images) image.values[i] = kFloatNan;
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

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return kNan;
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
  const auto fill = [&](std::string_view name, const auto& value_of) {
    std::vector<float>& image = map.image(name);
    for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
      image[place(map, piece, i)] = static_cast<float>(value_of(i));
    }
  };
  fill("DESTRIPED", [&](std::size_t i) { return piece.destriped_K[i]; });
  fill("NAIVE", [&](std::size_t i) { return piece.naive_K[i]; });
  fill("HITS", [&](std::size_t i) { return piece.hits[i]; });
  fill("RMS", [&](std::size_t i) { return 1.0 / std::sqrt(piece.weight_per_K2[i]); });
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) map.mask[place(map, piece, i)] = 0;
  mask_few_hits(piece, config.hit_percentile, map, summary);
  clip_border(grid, config, map, summary);
  blank_masked(map);
  return map;
}

}  // namespace comap
