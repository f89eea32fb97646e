#include "map/map_binning.hpp"

#include <algorithm>
#include <vector>

namespace comap {

MapPiece bin_map(const PixelRuns& runs, const OffsetVector& solution, std::span<const std::int32_t> map_pixels,
                 SampleSums& sums, SharedPixels& shared) {
  std::vector<double> stripes(map_pixels.size(), 0.0);
  scatter(runs, Weighting::map, solution, stripes);
  shared.sum_at_owners(stripes);
  shared.sum_at_owners(sums.map_weighted_tod);
  shared.sum_at_owners(sums.map_weight);
  shared.sum_at_owners(sums.hits);

  std::vector<std::size_t> owned;
  for (std::size_t pixel = 0; pixel < map_pixels.size(); ++pixel) {
    if (shared.owns(static_cast<std::int32_t>(pixel)) && sums.hits[pixel] > 0.0) owned.push_back(pixel);
  }
  std::ranges::sort(owned, {}, [&](std::size_t pixel) { return map_pixels[pixel]; });
  MapPiece piece;
  for (const std::size_t pixel : owned) {
    const double weight = sums.map_weight[pixel];
    piece.pixel.push_back(map_pixels[pixel]);
    piece.naive_K.push_back(sums.map_weighted_tod[pixel] / weight);
    piece.destriped_K.push_back((sums.map_weighted_tod[pixel] - stripes[pixel]) / weight);
    piece.weight_per_K2.push_back(weight);
    piece.hits.push_back(sums.hits[pixel]);
  }
  return piece;
}

}  // namespace comap
