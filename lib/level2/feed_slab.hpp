#pragma once
/// \file
/// Which part of a dataset belongs to a feed.

#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

/// The rows of feed number `feed`, which is row `feed_row` of the Level-1 file; all of it for FeedAxis::none.
inline h5::Slab feed_slab(level2::FeedAxis feed_axis, const h5::Extent& extent, int feed, int feed_row) {
  h5::Slab slab = h5::Slab::all(extent);
  using enum level2::FeedAxis;
  if (feed_axis == none) return slab;
  const std::size_t axis = feed_axis == file_row ? 1 : 0;
  slab.start[axis] = static_cast<std::uint64_t>(feed_axis == file_row ? feed_row : feed - 1);
  slab.count[axis] = 1;
  return slab;
}

}  // namespace comap
