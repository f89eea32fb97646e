#pragma once
/// \file
/// Which ranks hit which pixel, and sums over them.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/lanes.hpp"
#include "destripe/pixel_numbering.hpp"

namespace comap {

/// Every hit pixel has one owner among the ranks that hit it. Values of pixels that several ranks hit go to the
/// owner, are combined there in a fixed order, and come back: two exchanges between neighbours, proportional to the
/// shared pixels, never to the map. The lists are made once.
class SharedPixels {
 public:
  /// Collective.
  SharedPixels(const PixelNumbering& numbering, const Communicator& ranks);

  /// Done while values are under way: no collective calls, nothing that touches pixels of other ranks.
  using Meanwhile = std::function<void()>;

  /// Replaces the values [local pixel][lane] by their sums over all ranks. Collective.
  void sum(std::span<double> values, std::size_t n_lanes = 1);
  /// The first half of it: owners get the sum; the others keep what they had. Collective.
  void sum_at_owners(
      std::span<double> values, std::size_t n_lanes = 1, const Meanwhile& meanwhile = [] {});
  /// The second half: everybody gets what owners have. Collective.
  void return_from_owners(
      std::span<double> values, std::size_t n_lanes = 1, const Meanwhile& meanwhile = [] {});
  /// Minimum over all ranks. Collective.
  void min(std::span<double> values);

  /// Sum of x y of each lane over the pixels of which no other rank is the owner; numbers beyond the local pixels count
  /// as this rank's own. Vectors are [number][lane].
  LaneValues owned_products(std::size_t n_lanes, std::span<const double> x, std::span<const double> y) const;

  bool owns(std::size_t local_pixel) const { return owned_[local_pixel] != 0; }
  /// Whether other ranks hit the pixel too.
  bool is_shared(std::size_t local_pixel) const { return shared_[local_pixel] != 0; }
  std::int64_t n_shared() const;
  /// Numbers of one lane that this rank sends in one sum(), in two messages to each neighbour.
  std::int64_t n_sent_per_sum() const;
  std::size_t n_neighbours() const { return neighbours_.size(); }
  std::size_t bytes() const;

 private:
  /// Local pixels in the order of both sides, and room for their values.
  struct Link {
    std::vector<std::int32_t> to_owner;   ///< the neighbour owns these
    std::vector<std::int32_t> from_user;  ///< this rank owns these, the neighbour hits them too
    std::vector<double> to_owner_values;
    std::vector<double> from_user_values;
  };
  void resize_buffers(std::size_t n_lanes);
  template <typename Combine>
  void combine_at_owners(std::span<double> values, std::size_t n_lanes, const Meanwhile& meanwhile, Combine combine);

  const Communicator* ranks_;
  std::vector<int> neighbours_;  ///< rank of each link, ascending
  std::vector<Link> links_;
  std::vector<char> owned_;   ///< [local pixel]
  std::vector<char> shared_;  ///< [local pixel]
};

}  // namespace comap
