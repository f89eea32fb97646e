#pragma once
/// \file
/// A coarse grid over the pixels of a map.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/lanes.hpp"
#include "destripe/problem.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

/// Bilinear hats on nodes every few pixels; on maps without rows, squares of pixels. Nodes that no pixel touches are
/// left out. The numbers of nodes are the same on all ranks.
class CoarseHats {
 public:
  /// The nodes around a pixel and its place between them. The first node says which the others are.
  struct Hat {
    std::array<std::uint16_t, 4> node{};
    std::array<float, 4> weight{};  ///< of sum 1; 0 where there is no node
  };

  /// Nodes are settings.coarse_step pixels apart, or more where there would be more than kMaxNodes;
  /// without effect where nothing helps. Collective.
  CoarseHats(std::span<const std::int32_t> map_pixels, const DestriperSettings& settings, const Communicator& ranks);

  static constexpr std::size_t kMaxNodes = 128;  ///< matrices of nodes are dense

  std::size_t n_nodes() const { return n_nodes_; }
  const Hat& of_pixel(std::size_t local_pixel) const { return hats_[local_pixel]; }
  /// Sums of r [pixel][lane] times hat, over the pixels that this rank owns [node][lane].
  void restrict(std::size_t n_lanes, const SharedPixels& shared, std::span<const double> r,
                std::span<double> nodes) const;
  /// z [pixel][lane] += nodes [node][lane] times hat
  void prolong(std::size_t n_lanes, std::span<const double> nodes, std::span<double> z) const;
  std::size_t bytes() const { return hats_.capacity() * sizeof(Hat); }

 private:
  bool place_nodes(std::span<const std::int32_t> map_pixels, std::int64_t step, const DestriperSettings& settings,
                   const Communicator& ranks);

  std::size_t n_nodes_ = 0;
  std::vector<Hat> hats_;  ///< [local pixel]
};

}  // namespace comap
