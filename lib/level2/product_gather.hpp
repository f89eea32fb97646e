#pragma once
/// \file
/// Products of the feeds of a team, brought to its rank 0.

#include <vector>

#include "core/communicator.hpp"
#include "stages/product_table.hpp"

namespace comap {

/// One feed and what the stages made of it.
struct FeedResult {
  int feed = 0;
  ProductTable products;

  static auto members(auto& x) { return std::tie(x.feed, x.products); }
};

/// Collective. Returns, on rank 0, the feeds of all ranks in order of feed number; elsewhere nothing.
std::vector<FeedResult> gather_feed_results(const std::vector<FeedResult>& mine, const Communicator& team);

}  // namespace comap
