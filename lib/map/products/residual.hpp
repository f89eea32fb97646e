#pragma once
/// \file
/// Data minus a first map: its noise, and glitches that are longer than a sample.

#include <cstdint>
#include <span>
#include <vector>

#include "destripe/problem.hpp"
#include "map/products/map_pieces.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// The values of a map by pixel.
class MapLookup {
 public:
  /// `map` has the pixels of all ranks, ascending.
  MapLookup(const MapPiece& map, const MapGrid& grid);

  /// NaN where the map has no value.
  double destriped_K(std::int64_t pixel) const;
  /// Largest difference from the four nearest neighbours that have a value: what a wrong position could make of a
  /// bright source.
  double step_K(std::int64_t pixel) const;

 private:
  const MapGrid* grid_;
  HitPixels pixels_;
  std::vector<double> destriped_K_;  ///< [hit pixel]
};

/// Data minus map of one segment, without what is known of the structure inside pixels; NaN for samples that take no
/// part. [sample of the segment]
std::vector<double> segment_residual(const DestriperData& data, const DestriperStream& stream, std::size_t segment,
                                     const MapLookup& map);

/// Prior variance of the offsets of every segment from the spectrum of the data minus map: white noise as the weights
/// have it, and sigma^2 (f / 0.1 Hz)^alpha fitted by maximum likelihood (math/power_spectrum.hpp).
/// [segment][offset]; empty where a segment has no data.
std::vector<std::vector<double>> prior_from_residual(const DestriperData& data, const DestriperStream& stream,
                                                     const MapLookup& map, int offset_length, double sample_time_s);

/// Makes samples NaN, in every stream, that belong to a glitch in the data minus map and offsets, summed over streams
/// by weight: means over 1, 2, 4, 8 and 16 samples above `glitch_sigma` times their noise (1.4826 MAD of the scan)
/// and above what the map changes between neighbouring pixels there. `maps` and `results` are of a solve of these data
/// [stream]; offsets_K as there. Returns the number of samples of this rank.
std::int64_t flag_long_glitches(DestriperData& data, std::span<const MapLookup> maps,
                                std::span<const DestriperResult> results, int offset_length, double glitch_sigma);

}  // namespace comap
