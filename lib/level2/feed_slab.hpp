#pragma once
/// \file
/// Which part of a dataset belongs to a feed.

#include "stages/stage.hpp"

namespace comap {

/// The rows of feed number `feed`, which is row `feed_row` of the Level-1 file; all of it for FeedAxis::none.
inline h5::Slab feed_slab(FeedAxis feed_axis, const h5::Extent& extent, int feed, int feed_row) {
  h5::Slab slab = h5::Slab::all(extent);
  if (feed_axis == FeedAxis::none) return slab;
  const std::size_t axis = feed_axis == FeedAxis::file_row ? 1 : 0;
  slab.start[axis] = static_cast<std::uint64_t>(feed_axis == FeedAxis::file_row ? feed_row : feed - 1);
  slab.count[axis] = 1;
  return slab;
}

}  // namespace comap
