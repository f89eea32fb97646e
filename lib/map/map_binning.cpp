#include "map/map_binning.hpp"

#include <algorithm>
#include <vector>

#include "map/scatter_gather.hpp"

namespace comap {

std::vector<MapPiece> bin_map(const PixelRuns& runs, const SegmentSolution& solution,
                              std::span<const std::int32_t> map_pixels, SampleSums& sums, SharedPixels& shared) {
  const std::size_t n_lanes = runs.n_lanes;
  LargeVector<double> stripes(map_pixels.size() * n_lanes, 0.0);
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    const std::size_t segment = runs.parts[part].segment;
    const SegmentUnknowns x{solution.offsets_K.subspan(runs.layout.first_offset[segment] * n_lanes,
                                                       runs.layout.n_offsets(segment) * n_lanes),
                            solution.amplitudes_K.subspan(segment * n_lanes, n_lanes)};
    scatter_part(runs, part, Weighting::map, x, stripes);
  }
  for (auto* sum : {&stripes, &sums.map_weighted_tod, &sums.map_weight, &sums.hits}) {
    shared.sum_at_owners(*sum, n_lanes);
  }
  std::vector<std::size_t> owned;
  for (std::size_t pixel = 0; pixel < map_pixels.size(); ++pixel) {
    if (shared.owns(static_cast<std::int32_t>(pixel))) owned.push_back(pixel);
  }
  std::ranges::sort(owned, {}, [&](std::size_t pixel) { return map_pixels[pixel]; });
  std::vector<MapPiece> pieces(n_lanes);
  for (const std::size_t pixel : owned) {
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      const std::size_t i = pixel * n_lanes + lane;
      if (!(sums.hits[i] > 0.0)) continue;
      const double weight = sums.map_weight[i];
      MapPiece& piece = pieces[lane];
      piece.pixel.push_back(map_pixels[pixel]);
      piece.naive_K.push_back(sums.map_weighted_tod[i] / weight);
      piece.destriped_K.push_back((sums.map_weighted_tod[i] - stripes[i]) / weight);
      piece.weight_per_K2.push_back(weight);
      piece.hits.push_back(sums.hits[i]);
    }
  }
  return pieces;
}

}  // namespace comap
