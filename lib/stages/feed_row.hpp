#pragma once
/// \file
/// Rows of Level-1 arrays by feed number.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "io/level1/level1_metadata.hpp"

namespace comap {

/// Row of `feed` in the feed axis of the file. Throws Bug when the file does not have it.
std::size_t row_of_feed(const Level1Metadata& level1, int feed);

/// Samples [start, end) of the row of `feed` in an array [n_feeds][sample].
std::span<const double> feed_samples(const Level1Metadata& level1, const std::vector<double>& array, int feed,
                                     std::array<std::int64_t, 2> range);

}  // namespace comap
