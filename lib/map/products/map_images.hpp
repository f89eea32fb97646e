#pragma once
/// \file
/// From the binned sums of a map to its images and mask.

#include <cstdint>
#include <vector>

#include "config/mapmake_config.hpp"
#include "destripe/problem.hpp"
#include "io/map/continuum_map.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Percentile of values as numpy computes it (linear between neighbours); NaN when there is none.
double percentile(std::vector<double> values, double percent);

/// Numbers about the masks for the header.
struct MaskSummary {
  double min_hits = 0.0;  ///< fewer hits than this are masked
  std::int64_t n_few_hits = 0;
  std::int64_t n_clipped = 0;
};

/// A map of which only the grid is known.
ContinuumMap map_without_images(const MapGrid& grid);

/// The images of a map, masked:
/// - never hit;
/// - hits below the `hit_percentile` percentile of the hits of hit pixels;
/// - on the border (map_border.hpp) of `edge_width` pixels, and with a value outside the `edge_clip_percentiles` of the
///   pixels further inside.
/// The images are NaN in masked pixels.
ContinuumMap make_images(const MapPiece& piece, const MapGrid& grid, const MapmakeConfig& config, MaskSummary& summary);

}  // namespace comap
