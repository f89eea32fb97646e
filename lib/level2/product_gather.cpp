#include "level2/product_gather.hpp"

#include <algorithm>

#include "core/message.hpp"

namespace comap {

std::vector<FeedResult> gather_feed_results(const std::vector<FeedResult>& mine, const Communicator& team) {
  std::vector<FeedResult> all = joined(gather(team, mine));
  std::ranges::sort(all, {}, &FeedResult::feed);
  return all;
}

}  // namespace comap
