#include "math/moving_median.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

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

/// The values of a window as ranks, in which values come and go.
class Window {
 public:
  explicit Window(std::span<const double> values) : values_(values), rank_(values.size()), counts_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isnan(values[i])) by_value_.push_back(i);
    }
    std::ranges::stable_sort(by_value_, {}, [&](std::size_t i) { return values[i]; });
    for (std::size_t i = 0; i < by_value_.size(); ++i) rank_[by_value_[i]] = i;
  }

  /// `count` times the sample nearest to `i` that there is.
  void add(std::int64_t i, std::int64_t count) {
    const auto last = static_cast<std::int64_t>(values_.size()) - 1;
    const auto sample = static_cast<std::size_t>(std::clamp<std::int64_t>(i, 0, last));
    if (std::isnan(values_[sample])) return;
    counts_.add(rank_[sample], count);
    n_inside_ += count;
  }
  double median() const {
    if (n_inside_ == 0) return std::numeric_limits<double>::quiet_NaN();
    const double low = smallest((n_inside_ - 1) / 2);
    return n_inside_ % 2 == 1 ? low : 0.5 * (low + smallest(n_inside_ / 2));
  }

 private:
  double smallest(std::int64_t k) const { return values_[by_value_[counts_.smallest(k)]]; }

  std::span<const double> values_;
  std::vector<std::size_t> by_value_;  ///< samples in order of value, without NaN
  std::vector<std::size_t> rank_;      ///< [sample] place in by_value_
  RankCounts counts_;
  std::int64_t n_inside_ = 0;
};

}  // namespace

std::vector<double> moving_median(std::span<const double> values, std::size_t window) {
  if (window == 0) throw Bug("moving_median: a window of 0 samples");
  if (values.empty()) return {};
  Window inside(values);
  const auto length = static_cast<std::int64_t>(window);
  for (std::int64_t i = -(length / 2); i < length - length / 2; ++i) inside.add(i, 1);
  std::vector<double> medians(values.size());
  for (std::size_t sample = 0; sample < medians.size(); ++sample) {
    medians[sample] = inside.median();
    const std::int64_t first = static_cast<std::int64_t>(sample) - length / 2;
    inside.add(first, -1);
    inside.add(first + length, 1);
  }
  return medians;
}

}  // namespace comap
