#pragma once
/// \file
/// The pointing as the solver wants it: runs of samples in the same pixel.

#include <cstdint>
#include <vector>

#include "map/destriper.hpp"
#include "map/offset_layout.hpp"
#include "map/pixel_numbering.hpp"

namespace comap {

/// P and F of one rank. A run is a stretch of good samples of one offset in one pixel with one weight; its local
/// pixel and its length share 32 bits. The airmass template of an amplitude enters as its deviation from the mean
/// within the offset: then templates and offsets are orthogonal, and an offset stands for its level plus amplitude
/// times mean airmass. Since P and F are constant within a run, the mean deviation over the run is all they need.
struct PixelRuns {
  OffsetLayout layout;
  std::int32_t n_pixels = 0;             ///< local
  unsigned pixel_bits = 1;               ///< low bits of a run; the length is above them
  std::vector<std::uint32_t> n_runs;     ///< [offset]
  std::vector<std::uint32_t> run;        ///< [run]
  std::vector<float> airmass_deviation;  ///< [run]; empty when no segment has a template
  std::vector<float> map_factor;         ///< [run] on the segment's weight; empty = 1
  std::vector<float> solver_factor;      ///< [run] the same for the solver; empty = as map_factor
  std::vector<double> weight_per_K2;     ///< [segment]

  const std::vector<float>& factor_of_solver() const { return solver_factor.empty() ? map_factor : solver_factor; }
  std::size_t bytes() const;
};

/// What is summed over the samples while the runs are made; then the TOD is not needed any more.
struct SampleSums {
  // [local pixel], this rank only
  std::vector<double> map_weighted_tod;  ///< P^T W d [1/K]
  std::vector<double> map_weight;        ///< P^T W 1 [1/K^2]
  std::vector<double> hits;
  std::vector<double> solver_weighted_tod;  ///< empty when the solver has the weights and the data of the map
  std::vector<double> solver_weight;        ///< empty when the solver has the weights of the map

  // [offset], weights of the solver
  std::vector<double> offset_weight;        ///< F^T N^-1 F [1/K^2]
  std::vector<double> offset_weighted_tod;  ///< F^T N^-1 d [1/K]
  std::vector<double> mean_airmass;         ///< empty when no segment has a template
  /// F^T N^-1 T [1/K^2]: 0 but for the float32 rounding of the deviations in the runs; without it A would lose its null
  /// vectors. Empty when no segment has a template.
  std::vector<double> airmass_rounding;

  // [segment], weights of the solver, of the deviation t from the mean airmass of the offset
  std::vector<double> airmass_square;        ///< sum of w t^2, and
  std::vector<double> airmass_total_square;  ///< of the template itself
  std::vector<double> airmass_weighted_tod;  ///< sum of w t d
};

/// Checks lengths and pixel indices (throws Bug) and marks the pixels of the segments' samples.
PixelNumbering number_pixels(const DestriperData& data, const DestriperSettings& settings);

/// One pass over the samples.
PixelRuns make_pixel_runs(const DestriperData& data, const DestriperSettings& settings, const PixelNumbering& numbering,
                          SampleSums& sums);

}  // namespace comap
