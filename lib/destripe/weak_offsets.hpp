#pragma once
/// \file
/// Offsets that little but their own samples holds, solved exactly in every iteration.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/lanes.hpp"
#include "destripe/offset_inverse.hpp"
#include "destripe/pixel_numbering.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

/// At the borders of a field, offsets lie over pixels that hardly any other offset hits, and follow the sky there.
/// These few are what conjugate gradients would otherwise spend half of their iterations on: the residual after ten of
/// them is in the tenth of the pixels with the least coverage. With G and M of PixelSystem cut down to these offsets,
///
///   z += W^-1 G^T (M - G W^-1 G^T)^-1 G W^-1 r
///
/// makes W^-1 r the exact solution of a system with no other offsets than these. An offset is weak by the share
/// sum_p g_p^2 / (W_p M) of what it leaves in the map that it finds again itself.
///
/// Rows of weak offsets are known to all ranks, since they share pixels. Without R only: then M is diagonal.
class WeakOffsets {
 public:
  /// Finds the weak offsets of one lane. `inverse_weight` is W^-1 [local pixel][lane], over all ranks. Collective.
  WeakOffsets(const PixelRuns& runs, std::size_t lane, const SampleSums& sums, const OffsetInverse& inverse,
              const SharedPixels& shared, const PixelNumbering& numbering, std::span<const double> inverse_weight,
              const Communicator& ranks);

  std::size_t size() const { return n_weak_; }
  /// offsets = G W^-1 r over the pixels that this rank owns. r [pixel][lane]
  void restrict(std::span<const double> r, std::span<double> offsets) const;
  /// offsets = (M - G W^-1 G^T)^-1 offsets; returns the product of before and after.
  double solve(std::span<double> offsets) const;
  /// z [pixel][lane] += W^-1 G^T offsets
  void prolong(std::span<const double> offsets, std::span<double> z) const;
  std::size_t bytes() const { return places_.capacity() * sizeof(Place) + factor_.capacity() * sizeof(double); }

 private:
  struct Row;
  void use(const std::vector<Row>& rows, const SharedPixels& shared, const PixelNumbering& numbering,
           std::span<const double> inverse_weight);
  void factorise(const std::vector<Row>& rows);

  /// A run of a weak offset in a pixel of this rank.
  struct Place {
    double share = 0.0;  ///< G W^-1
    std::uint32_t pixel = 0;
    std::uint16_t offset = 0;
    bool owned = false;
  };

  std::size_t lane_;
  std::size_t n_lanes_;
  std::size_t n_weak_ = 0;
  std::vector<Place> places_;
  std::vector<double> factor_;  ///< [column][row] of Cholesky; empty when there is none
};

}  // namespace comap
