#include "math/moving_median.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

#include "core/error.hpp"

namespace comap {
namespace {

/// Multiset of ranks 0 .. n-1 that knows its k-th smallest member.
class RankCounts {
 public:
  explicit RankCounts(std::size_t n) : tree_(n + 1, 0), top_(std::bit_floor(n)) {}

  void add(std::size_t rank, std::int64_t count) {
    for (std::size_t node = rank + 1; node < tree_.size(); node += node & (~node + 1)) tree_[node] += count;
  }
  /// k = 0: the smallest.
  std::size_t smallest(std::int64_t k) const {
    std::size_t node = 0;
    for (std::size_t step = top_; step > 0; step /= 2) {
      if (node + step < tree_.size() && tree_[node + step] <= k) {
        node += step;
        k -= tree_[node];
      }
    }
    return node;
  }

 private:
  std::vector<std::int64_t> tree_;
  std::size_t top_;
};

}  // namespace

std::vector<double> moving_median(std::span<const double> values, std::size_t window) {
  if (window == 0) throw Bug("moving_median: a window of 0 samples");
  const std::size_t n = values.size();
  if (n == 0) return {};
  std::vector<std::size_t> by_value(n), rank(n);
  std::iota(by_value.begin(), by_value.end(), 0);
  std::ranges::stable_sort(by_value, {}, [&](std::size_t i) { return values[i]; });
  for (std::size_t i = 0; i < n; ++i) rank[by_value[i]] = i;

  RankCounts counts(n);
  const auto last = static_cast<std::int64_t>(n) - 1;
  const auto rank_at = [&](std::int64_t i) {
    return rank[static_cast<std::size_t>(std::clamp<std::int64_t>(i, 0, last))];
  };
  const auto length = static_cast<std::int64_t>(window);
  for (std::int64_t i = -(length / 2); i < length - length / 2; ++i) counts.add(rank_at(i), 1);
  std::vector<double> medians(n);
  for (std::int64_t i = 0; i <= last; ++i) {
    const double low = values[by_value[counts.smallest((length - 1) / 2)]];
    const double high = length % 2 == 1 ? low : values[by_value[counts.smallest(length / 2)]];
    medians[static_cast<std::size_t>(i)] = 0.5 * (low + high);
    counts.add(rank_at(i - length / 2), -1);
    counts.add(rank_at(i - length / 2 + length), 1);
  }
  return medians;
}

}  // namespace comap
