#pragma once
/// \file
/// Which ranks hit which pixel, and sums over them.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "map/pixel_numbering.hpp"

namespace comap {

/// Every hit pixel has one owner among the ranks that hit it. Values of pixels that several ranks hit go to the
/// owner, are combined there in a fixed order, and come back: two exchanges between neighbours, proportional to the
/// shared pixels, never to the map. The lists are made once.
class SharedPixels {
 public:
  /// Collective.
  SharedPixels(const PixelNumbering& numbering, const Communicator& ranks);

  /// Replaces the value of each local pixel by its sum over all ranks. Collective.
  void sum(std::span<double> values);
  /// The same, but only owners get the sum; the others keep what they had. Collective.
  void sum_at_owners(std::span<double> values);
  /// Minimum over all ranks. Collective.
  void min(std::span<double> values);

  bool owns(std::int32_t local_pixel) const { return owned_[static_cast<std::size_t>(local_pixel)] != 0; }
  /// Local pixels that other ranks hit too.
  std::int64_t n_shared() const { return n_shared_; }
  /// Numbers that this rank sends in one sum().
  std::int64_t n_sent_per_sum() const;
  std::size_t bytes() const;

 private:
  /// Local pixels in the order of both sides, and room for their values.
  struct Link {
    std::vector<std::int32_t> to_owner;   ///< the neighbour owns these
    std::vector<std::int32_t> from_user;  ///< this rank owns these, the neighbour hits them too
    std::vector<double> to_owner_values;
    std::vector<double> from_user_values;
  };
  template <typename Combine>
  void combine_at_owners(std::span<double> values, Combine combine);
  void return_from_owners(std::span<double> values);

  const Communicator* ranks_;
  std::vector<int> neighbours_;  ///< rank of each link, ascending
  std::vector<Link> links_;
  std::vector<char> owned_;  ///< [local pixel]
  std::int64_t n_shared_ = 0;
};

}  // namespace comap
