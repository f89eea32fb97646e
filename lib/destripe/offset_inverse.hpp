#pragma once
/// \file
/// The best offsets for a given sky: M^-1, segment by segment.

#include <map>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/lanes.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/regularisation.hpp"
#include "destripe/scatter_gather.hpp"
#include "math/fft.hpp"

namespace comap {

/// M = [F T]^T N^-1 [F T] + R in the unknowns offsets a' and amplitude b of every segment, with
/// F a + airmass b = F a' + T b, T the deviation of the airmass from its mean within each offset, so that
/// a = a' - (mean airmass) b. R = C^T diag(r) C acts on a: prior and regularisation, C the orthonormal CosineTransform.
///
/// With an R, M is diagonal in modes if all offsets of a segment have the same weight. Those with less, for want of
/// samples or in bright sky, are given the rest in a private pixel each, which nobody else sees: that changes neither
/// offsets nor map.
class OffsetInverse {
 public:
  /// Throws Bug for a prior whose length is not the segment's number of offsets. `streams` are those of `runs`,
  /// `regularisation` has one for each. Collective.
  OffsetInverse(const PixelRuns& runs, const SampleSums& sums, std::span<const DestriperStream> streams,
                std::span<const Regularisation> regularisation, const Communicator& ranks);

  /// Whether there is an R, on any rank: what ranks do together depends on it.
  bool has_modes() const { return has_modes_; }

  /// x = M^-1 x for one segment.
  void apply(std::size_t segment, const SegmentUnknowns& x);

  struct PrivatePixel {
    std::size_t offset = 0;      ///< of its segment
    LaneValues weight_per_K2{};  ///< 0 in lanes that do not need it
  };
  std::span<const PrivatePixel> private_pixels(std::size_t segment) const {
    return std::span(private_).subspan(first_private_[segment], first_private_[segment + 1] - first_private_[segment]);
  }
  /// Number of the segment's first one among all of this rank; for n_segments, how many there are.
  std::size_t first_private(std::size_t segment) const { return first_private_[segment]; }

  /// Weight of an offset with its private pixel, and diagonal of R for mode k [lane]; for segments of a system with R.
  double full_weight_per_K2(std::size_t segment, std::size_t lane) const {
    return full_weight_per_K2_[segment * n_lanes_ + lane];
  }
  double precision_per_K2(std::size_t segment, std::size_t k, std::size_t lane) const;

  /// The cosine modes of the offsets of one segment and lane.
  std::vector<double> modes_of(std::size_t segment, std::span<const double> offsets);

  /// offsets += sign * mean airmass * amplitude: between a' and a.
  void add_airmass(std::size_t segment, double sign, const SegmentUnknowns& x) const;

  std::size_t bytes() const;

 private:
  void find_private_pixels(const SampleSums& sums);
  void make_diagonal(const SampleSums& sums, std::span<const DestriperStream> streams,
                     std::span<const Regularisation> regularisation);
  void make_border(std::size_t segment, const SampleSums& sums);
  void transform(std::size_t segment, std::span<double> offsets, bool to_modes);
  std::size_t lane_of(std::size_t i) const { return i & (n_lanes_ - 1); }

  OffsetLayout layout_;
  std::size_t n_lanes_;
  bool has_modes_ = false;
  std::vector<PrivatePixel> private_;
  std::vector<std::size_t> first_private_;  ///< [segment + 1]
  std::vector<double> full_weight_per_K2_;  ///< [segment][lane], empty without R
  LargeVector<double> inverse_diagonal_;    ///< [offset or mode][lane]; 0 = no data
  LargeVector<double> mean_airmass_;        ///< [offset][lane], empty without templates
  LargeVector<double> border_;              ///< [offset or mode][lane] change of the offsets with the amplitude
  std::vector<double> inverse_schur_;       ///< [segment][lane] of the amplitudes; 0 = none solved
  std::map<std::size_t, CosineTransform> transforms_;  ///< by length
};

}  // namespace comap
