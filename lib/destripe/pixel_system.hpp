#pragma once
/// \file
/// The linear system of the destriper with the sky as unknown.

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/coarse_sky.hpp"
#include "destripe/components.hpp"
#include "destripe/offset_inverse.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/shared_pixels.hpp"
#include "destripe/weak_offsets.hpp"

namespace comap {

/// B m = b with B = W - G^T M^-1 G and b = m_d - G^T M^-1 f_d: the normal equations of map and offsets after the
/// offsets are eliminated, where
///
///   W = P^T N^-1 P,  G = [F T]^T N^-1 P,  M = [F T]^T N^-1 [F T] + R,  m_d = P^T N^-1 d,  f_d = [F T]^T N^-1 d.
///
/// Its solution is the destriped map, and M^-1 (f_d - G m) are the offsets of the equations in docs/mapmaking.md: W^-1
/// B and the matrix of those have the same eigenvalues but for ones. A segment is gathered, solved and scattered while
/// its runs are in the cache: an iteration reads them once, and its vectors have the length of the map.
///
/// Vectors are [local pixel, then private pixel][lane]; pixels that several ranks hit are the same on all of them.
class PixelSystem {
 public:
  /// Uses up the solver's sums. Collective.
  PixelSystem(const PixelRuns& runs, SampleSums& sums, OffsetInverse& inverse, SharedPixels& shared,
              const PixelNumbering& numbering, const DestriperSettings& settings, const Communicator& ranks);

  std::size_t size() const { return weight_.size(); }
  /// Pixels with weight, over all ranks [lane].
  const LaneValues& n_pixels() const { return n_pixels_; }

  /// b. Collective.
  LargeVector<double> right_hand_side();
  /// b - B m. Collective.
  LargeVector<double> residual(std::span<const double> map);
  /// f_d M^-1 f_d of each lane: what offsets explain of the data. Collective.
  LaneValues offsets_square();
  /// image = B map. Collective.
  void apply(std::span<const double> map, std::span<double> image);
  /// x y of each lane over all ranks, in the same order in every run. Collective.
  LaneValues dot(std::span<const double> x, std::span<const double> y) const;
  /// z = W^-1 r + corrections (CoarseSky, WeakOffsets); returns r z and r W^-1 r. Collective.
  std::pair<LaneValues, LaneValues> precondition(std::span<const double> r, std::span<double> z) const;

  /// Offsets [offset][lane] and amplitudes [segment][lane].
  struct Solution {
    LargeVector<double> offsets_K;
    std::vector<double> amplitudes_K;
  };
  /// Sets the level of a lane's map, which is what iterations determine worst, if at all. With R the map moves by the
  /// constant that leaves no residual along it. Where that is open, the weighted mean of the map becomes that of the
  /// data, segment means taken off: 0; without R that of each component. `residual` is that of `map`. Collective.
  void set_level(std::span<const double> residual, const Components& components, std::size_t lane,
                 std::span<double> map) const;

  /// M^-1 (f_d - G map) with the segment means of the data put back where offsets have data: offsets a' of
  /// OffsetInverse, for bin_map.
  Solution offsets_of(std::span<const double> map);
  /// The map binned with offsets_of(map), at no cost: map + W^-1 residual, when `residual` is that of `map` and the
  /// solver has the weights and data of the map; else empty.
  LargeVector<double> binned_with_offsets_of(std::span<const double> map, std::span<const double> residual) const;
  /// The offsets a themselves.
  void take_off_airmass(Solution& solution) const;
  /// The map that is best for given offsets a: a start for the iterations. Collective.
  LargeVector<double> map_for(Solution physical);

  std::size_t bytes() const;

 private:
  /// Parts of one segment, [begin, end) of PixelRuns::parts.
  struct SegmentParts {
    std::size_t segment = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  void set_level_of_components(const Components& components, std::size_t lane, std::span<double> map) const;
  void make_coarse_sky(std::span<const std::int32_t> map_pixels, const DestriperSettings& settings);
  void find_segments();
  void find_curvature_of_level(const SampleSums& sums);
  SegmentUnknowns weights_of_offsets(std::size_t segment, const SampleSums& sums);
  void take_off_segment_means(SampleSums& sums);
  void add_private_weights();
  /// G map of one segment.
  SegmentUnknowns gather_segment(const SegmentParts& parts, std::span<const double> map);
  /// M^-1 (f_d - G map) of one segment; an empty map is 0.
  SegmentUnknowns best_for(const SegmentParts& parts, std::span<const double> map);
  /// image += G^T x; with the mean of the segment that was taken off f_d, but in private pixels, which have no data.
  /// Leaves it in `x`.
  void scatter_segment(const SegmentParts& parts, const SegmentUnknowns& x, bool with_mean,
                       std::span<double> image) const;
  /// image = G^T x over all ranks, x = solve_segment(parts) of each segment.
  template <typename Solve>
  void project(Solve solve_segment, bool with_mean, std::span<double> image);

  const PixelRuns& runs_;
  OffsetInverse& inverse_;
  SharedPixels& shared_;
  const Communicator& ranks_;
  std::size_t n_lanes_;
  bool is_of_map_;                      ///< weights and data of the solver are those of the map, on all ranks
  std::vector<SegmentParts> boundary_;  ///< segments that touch pixels of other ranks
  std::vector<SegmentParts> interior_;  ///< the others
  LargeVector<double> weight_;          ///< W
  LargeVector<double> inverse_weight_;  ///< 0 where W is
  LargeVector<double> data_;            ///< m_d over all ranks, with segment means: they go with G^T M^-1 f_d
  LargeVector<double> offset_data_;     ///< [offset][lane] f_d, segment means taken off
  std::vector<double> amplitude_data_;  ///< [segment][lane]
  std::vector<double> segment_mean_K_;  ///< [segment][lane] weighted mean of the data, 0 without
  std::vector<char> has_data_;          ///< [offset][lane]
  std::vector<double> offsets_work_;    ///< of the longest segment
  LaneValues amplitude_work_{};
  LaneValues n_pixels_{};
  LaneValues total_weight_per_K2_{};     ///< 1^T W 1 over all ranks
  LaneValues level_curvature_per_K2_{};  ///< 1^T B 1 over all ranks
  std::optional<CoarseSky> coarse_;
  std::vector<WeakOffsets> weak_;  ///< [lane]
  std::size_t n_weak_ = 0;         ///< of all lanes
};

}  // namespace comap
