#pragma once
/// \file
/// The large scales of the sky, solved exactly in every iteration.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/coarse_hats.hpp"
#include "destripe/lanes.hpp"
#include "destripe/offset_inverse.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

/// The last thing that conjugate gradients find is a sky so smooth that offsets can follow it. This takes it out of
/// their hands: the second level of the preconditioner, z = W^-1 r + S H S^T r, where S are hats (bilinear; on maps
/// without rows, squares) on a coarse grid of nodes, E = S^T B S and, with E q = lambda (S^T W S) q and Q^T S^T W S Q =
/// 1, H = Q diag(1/lambda - 1) Q^T: in the space of S the inverse of B instead of W^-1. Directions that cannot be
/// known, such as the level of a component, have lambda = 0 and are left out.
///
/// For a segment with prior E takes averages of offsets over 100 samples: R of faster modes is replaced by its value
/// near their lower end.
class CoarseSky {
 public:
  /// `weight` is W [local pixel][lane], over all ranks. Collective.
  CoarseSky(const PixelRuns& runs, const OffsetInverse& inverse, const SharedPixels& shared,
            std::span<const std::int32_t> map_pixels, std::span<const double> weight, const DestriperSettings& settings,
            const Communicator& ranks);

  /// Numbers of a coarse vector, nodes times lanes.
  std::size_t size() const { return hats_.n_nodes() * n_lanes_; }
  /// S^T r over the pixels that this rank owns.
  void restrict(std::span<const double> r, std::span<double> nodes) const {
    hats_.restrict(n_lanes_, shared_, r, nodes);
  }
  /// nodes = H nodes; returns the product of before and after of each lane.
  LaneValues solve(std::span<double> nodes) const;
  /// z += S nodes
  void prolong(std::span<const double> nodes, std::span<double> z) const { hats_.prolong(n_lanes_, nodes, z); }
  std::size_t bytes() const { return hats_.bytes() + inverse_.capacity() * sizeof(double); }

 private:
  void add_pixel_weights(std::span<const double> weight, std::vector<double>& sws) const;
  void invert(const std::vector<double>& e, const std::vector<double>& sws);

  const SharedPixels& shared_;
  std::size_t n_lanes_;
  CoarseHats hats_;
  std::vector<double> inverse_;  ///< [lane][node][node] H
};

}  // namespace comap
