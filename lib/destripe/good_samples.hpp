#pragma once
/// \file
/// Which samples the destriper takes: work space of run_maker.hpp.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "destripe/problem.hpp"

namespace comap {

/// The good samples of one offset, and room to find the runs among them.
struct GoodSamples {
  std::vector<std::int64_t> sample;  ///< in the arrays of the rank
  std::vector<std::int32_t> pixel;   ///< of the map
  std::vector<float> airmass;        ///< 0 where the segment has no template
  std::vector<float> map_factor;
  std::vector<float> solver_factor;
  std::size_t size = 0;
  std::size_t n_runs = 0;
  std::vector<std::uint32_t> run_start;  ///< [run + 1]
  std::vector<std::int32_t> run_pixel;   ///< [run] of the map, then local
  std::vector<double> tod_before;        ///< [sample + 1][lane] sum of the TOD before it
  std::vector<double> subpixel_before;

  GoodSamples(std::size_t n, std::size_t n_lanes)
      : sample(n),
        pixel(n),
        airmass(n, 0.0F),
        map_factor(n, 1.0F),
        solver_factor(n, 1.0F),
        run_start(n + 1),
        run_pixel(n),
        tod_before((n + 1) * n_lanes),
        subpixel_before((n + 1) * n_lanes) {}

  /// Stretches of one pixel and, where there are `factors`, of one weight; no longer than `max_length`. There are good
  /// samples.
  void find_runs(bool factors, std::size_t max_length);
  /// before[n_lanes (i + 1)] = sum of the first i + 1 good ones of `values`, which are those of the rank.
  void sum_up(const float* values, std::size_t n_lanes, double* before) const;
};

/// In which of the `wanted` streams, one bit for each, each sample of a segment is good: with data, on the map, and
/// with weight and airmass where there are such. The solver alone may give a good sample no weight.
void find_good_lanes(const DestriperData& data, std::span<const DestriperStream> streams,
                     const DestriperSegment& segment, std::uint8_t wanted, std::vector<std::uint8_t>& good_lanes);

}  // namespace comap
