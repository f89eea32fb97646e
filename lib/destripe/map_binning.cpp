#include "destripe/map_binning.hpp"

#include <array>
#include <vector>

#include "destripe/scatter_gather.hpp"

namespace comap {
namespace {

/// Sorts local pixels by their map pixel: from the lowest digit to the highest, each time stable.
void sort_by_map_pixel(std::span<const std::int32_t> map_pixels, std::vector<std::size_t>& pixels) {
  constexpr unsigned kDigitBits = 11, kPixelBits = 31;
  std::vector<std::size_t> sorted(pixels.size());
  for (unsigned shift = 0; shift < kPixelBits; shift += kDigitBits) {
    std::array<std::size_t, (1U << kDigitBits) + 1> start{};
    const auto digit = [&](std::size_t pixel) {
      return static_cast<std::uint32_t>(map_pixels[pixel]) >> shift & ((1U << kDigitBits) - 1);
    };
    for (const std::size_t pixel : pixels) ++start[digit(pixel) + 1];
    for (std::size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    for (const std::size_t pixel : pixels) sorted[start[digit(pixel)]++] = pixel;
    std::swap(pixels, sorted);
  }
}

/// P^T W (F a + T b) at the owners. Collective.
LargeVector<double> bin_stripes(const PixelRuns& runs, const SegmentSolution& solution, SharedPixels& shared) {
  const std::size_t n_lanes = runs.n_lanes;
  LargeVector<double> stripes(runs.n_pixels * n_lanes, 0.0);
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    const std::size_t segment = runs.parts[part].segment;
    const SegmentUnknowns x{solution.offsets_K.subspan(runs.layout.first_offset[segment] * n_lanes,
                                                       runs.layout.n_offsets(segment) * n_lanes),
                            solution.amplitudes_K.subspan(segment * n_lanes, n_lanes)};
    scatter_part(runs, part, Weighting::map, x, stripes);
  }
  shared.sum_at_owners(stripes, n_lanes);
  return stripes;
}

}  // namespace

std::vector<MapPiece> bin_map(const PixelRuns& runs, const SegmentSolution& solution,
                              std::span<const double> destriped_K, std::span<const std::int32_t> map_pixels,
                              SampleSums& sums, SharedPixels& shared) {
  const std::size_t n_lanes = runs.n_lanes;
  LargeVector<double> stripes;
  if (destriped_K.empty()) stripes = bin_stripes(runs, solution, shared);
  for (auto* sum : {&sums.map_weighted_tod, &sums.map_weight, &sums.hits}) shared.sum_at_owners(*sum, n_lanes);
  std::vector<std::size_t> owned;
  for (std::size_t pixel = 0; pixel < map_pixels.size(); ++pixel) {
    if (shared.owns(pixel)) owned.push_back(pixel);
  }
  sort_by_map_pixel(map_pixels, owned);
  std::vector<MapPiece> pieces(n_lanes);
  for (MapPiece& piece : pieces) {
    piece.pixel.reserve(owned.size());
    for (auto* values : value_columns(piece)) values->reserve(owned.size());
  }
  for (const std::size_t pixel : owned) {
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      const std::size_t i = pixel * n_lanes + lane;
      if (!(sums.hits[i] > 0.0)) continue;
      const double weight = sums.map_weight[i];
      MapPiece& piece = pieces[lane];
      piece.pixel.push_back(map_pixels[pixel]);
      piece.naive_K.push_back(sums.map_weighted_tod[i] / weight);
      piece.destriped_K.push_back(stripes.empty() ? destriped_K[i] : (sums.map_weighted_tod[i] - stripes[i]) / weight);
      piece.weight_per_K2.push_back(weight);
      piece.hits.push_back(sums.hits[i]);
    }
  }
  return pieces;
}

}  // namespace comap
