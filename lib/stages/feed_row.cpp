#include "stages/feed_row.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.hpp"

namespace comap {

std::size_t row_of_feed(const Level1Metadata& level1, int feed) {
  const auto found = std::ranges::find(level1.feeds, feed);
  if (found == level1.feeds.end()) throw Bug(fmt::format("{} has no feed {}", level1.path, feed));
  return found - level1.feeds.begin();
}

std::span<const double> feed_samples(const Level1Metadata& level1, const std::vector<double>& array, int feed,
                                     std::array<std::int64_t, 2> range) {
  const std::size_t first = row_of_feed(level1, feed) * level1.n_samples;
  return std::span<const double>(array).subspan(first + range[0], range[1] - range[0]);
}

}  // namespace comap
