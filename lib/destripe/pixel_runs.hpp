#pragma once
/// \file
/// The pointing as the solver wants it: runs of samples in the same pixel.

#include <cstdint>
#include <span>
#include <vector>

#include "data/large_vector.hpp"
#include "destripe/lanes.hpp"
#include "destripe/offset_layout.hpp"
#include "destripe/pixel_numbering.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// P and F of one rank for a few streams. A run is a stretch of good samples of one offset in one pixel with one
/// weight; its local pixel and its length share 32 bits. Streams with the same good samples of a segment share its
/// runs; where they differ, the segment has several parts, each with the runs of its own streams.
///
/// The airmass template of an amplitude enters as its deviation from the mean within the offset: then templates and
/// offsets are orthogonal, and an offset stands for its level plus amplitude times mean airmass. Since P and F are
/// constant within a run, the mean deviation over the run is all they need.
struct PixelRuns {
  struct Part {
    std::size_t segment = 0;
    std::size_t first_offset = 0;  ///< in n_runs
    std::size_t first_run = 0;
  };

  OffsetLayout layout;
  std::size_t n_lanes = 1;
  std::int32_t n_pixels = 0;             ///< local
  unsigned pixel_bits = 1;               ///< low bits of a run; the length is above them
  std::vector<Part> parts;               ///< ascending by segment; segments without data have none
  LargeVector<double> weight_per_K2;     ///< [part][lane]; 0 = the lane is not in the part
  LargeVector<std::uint32_t> n_runs;     ///< [part][offset of its segment]
  LargeVector<std::uint32_t> run;        ///< [run]
  LargeVector<float> airmass_deviation;  ///< [run]; empty when no segment has a template
  LargeVector<float> map_factor;         ///< [run] on the segment's weight; empty = 1
  LargeVector<float> solver_factor;      ///< [run] the same for the solver; empty = as map_factor

  const LargeVector<float>& factor_of_solver() const { return solver_factor.empty() ? map_factor : solver_factor; }
  /// To be called by whoever reads the runs of a part, when done: on scratch they may leave the memory then.
  void passed_part(std::size_t part) const;
  std::size_t bytes() const;
};

/// About `n_of_offset` evenly spaced runs of every offset, with a larger weight for it: the system that they make is
/// much like the whole on large scales.
PixelRuns thinned_out(const PixelRuns& runs, std::size_t n_of_offset);

/// Sums over the samples, made while the runs are made; then the TOD is not needed any more.
struct SampleSums {
  // [local pixel][lane], this rank only
  LargeVector<double> map_weighted_tod;  ///< P^T W d [1/K]
  LargeVector<double> map_weight;        ///< P^T W 1 [1/K^2]
  LargeVector<double> hits;
  LargeVector<double> solver_weighted_tod;  ///< empty when the solver has the weights and the data of the map
  LargeVector<double> solver_weight;        ///< empty when the solver has the weights of the map

  // [offset][lane], weights of the solver
  LargeVector<double> offset_weight;        ///< F^T N^-1 F [1/K^2]
  LargeVector<double> offset_weighted_tod;  ///< F^T N^-1 d [1/K]
  LargeVector<double> mean_airmass;         ///< empty when no segment has a template
  /// F^T N^-1 T [1/K^2]: 0 but for the float32 rounding of the deviations in the runs; without it A would lose its null
  /// vectors. Empty when no segment has a template.
  LargeVector<double> airmass_rounding;

  // [segment][lane], weights of the solver, of the deviation t from the mean airmass of the offset
  std::vector<double> airmass_square;        ///< sum of w t^2, and
  std::vector<double> airmass_total_square;  ///< of the template itself
  std::vector<double> airmass_weighted_tod;  ///< sum of w t d
};

}  // namespace comap
