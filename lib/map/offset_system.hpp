#pragma once
/// \file
/// The linear system of the offsets and airmass amplitudes of one rank's share.

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/communicator.hpp"
#include "map/offset_prior.hpp"
#include "map/pixel_runs.hpp"
#include "map/regularisation.hpp"
#include "map/scatter_gather.hpp"
#include "map/shared_pixels.hpp"

namespace comap {

/// A = [F T]^T N^-1 Z [F T] + R in the unknowns x = [offsets, amplitudes]: offsets a' and amplitudes b with
/// F a + airmass b = F a' + T b, T the deviation of the airmass from its mean within each offset, so that
/// a = a' - (mean airmass) b. R acts on a. In these unknowns F^T N^-1 T = 0 but for rounding: a template that is nearly
/// a sum of offsets does not spoil the convergence. Memory traffic of apply(): the runs twice, the pixels of this rank
/// three times, the shared ones exchanged.
class OffsetSystem {
 public:
  /// Reduces the solver's weights. Collective.
  OffsetSystem(const PixelRuns& runs, const SampleSums& sums, OffsetPrior& prior, SharedPixels& shared,
               const DestriperSettings& settings, const Communicator& ranks);

  std::size_t n_unknowns() const { return weight_.size(); }

  /// F^T N^-1 Z of the data, from the sums over samples; the mean of each segment is taken off first.
  std::vector<double> right_hand_side(const SampleSums& sums);
  /// Weighted mean of each segment's data [segment], 0 without data.
  std::span<const double> segment_mean_K() const { return segment_mean_K_; }

  /// y = A x. Collective.
  void apply(std::span<const double> x, std::span<double> y);
  /// z = M^-1 r, M = [F T]^T N^-1 [F T] + R, which is diagonal but for the two bands of R; with a prior, that is
  /// inverted with the mean weight of each segment. Local. (The diagonal of A itself takes more iterations: 64 instead
  /// of 60 on the small problem of benchmarks/README.md.)
  void precondition(std::span<const double> r, std::span<double> z);
  /// Over all ranks, in the same order in every run. Collective.
  double dot(std::span<const double> x, std::span<const double> y) const;
  std::pair<double, double> dot(std::span<const double> x, std::span<const double> y, std::span<const double> u,
                                std::span<const double> v) const;
  /// sum of r^2 / weight over the unknowns with data, and their number, over all ranks. Collective.
  std::pair<double, double> noise_square(std::span<const double> r) const;

  /// Offsets and amplitudes of a solution. The segment means are put back where offsets have data.
  struct Solution {
    std::vector<double> offsets_K;
    std::vector<double> amplitudes_K;
  };
  /// In the unknowns of this system: for bin_map.
  Solution with_segment_means(std::span<const double> x) const;
  /// The offsets a themselves.
  Solution physical(std::span<const double> x) const;

  std::size_t bytes() const;

 private:
  OffsetVector split(std::span<const double> x) const;
  void find_segment_means(const SampleSums& sums);
  /// offsets -= mean airmass * amplitude of the segment: from a' to a.
  void take_off_airmass(std::span<const double> amplitudes, std::span<double> offsets) const;
  /// y += F^T N^-1 T and its transpose, times x: rounding errors of float32 that P^T N^-1 P has as well.
  void apply_rounding(std::span<const double> x, std::span<double> y) const;
  /// True when something but the data says what offsets are.
  bool holds_offsets() const { return regularisation_.any() || prior_.any(); }
  void apply_regularisation(std::span<const double> x, std::span<double> y);

  const PixelRuns& runs_;
  SharedPixels& shared_;
  const Communicator& ranks_;
  std::size_t n_offsets_;
  std::vector<double> inverse_weight_;    ///< [local pixel] (P^T N^-1 P)^-1, 0 without weight
  std::vector<double> map_;               ///< [local pixel] work space
  std::vector<double> weight_;            ///< [unknown] [F T]^T N^-1 [F T]; 0 = no data
  std::vector<double> inverse_diagonal_;  ///< [unknown] 1 / weight; 0 = no data
  std::vector<double> mean_airmass_;      ///< [offset], empty without templates
  std::vector<double> airmass_rounding_;  ///< [offset] F^T N^-1 T, empty without templates
  std::vector<double> segment_mean_K_;
  OffsetPrior& prior_;
  Regularisation regularisation_;
  std::optional<BandedInverse> banded_;
  std::vector<double> offsets_work_;
  std::vector<double> result_work_;
};

}  // namespace comap
