#include "math/moving_median.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

/// Windows up to this length are kept in order of size, longer ones counted in a tree.
constexpr std::size_t kLongestSorted = 400;

/// The values of a window in order of size.
class SortedWindow {
 public:
  explicit SortedWindow(std::vector<double> values) : sorted_(std::move(values)) { std::ranges::sort(sorted_); }

  double middle() const {
    const std::size_t n = sorted_.size();
    return 0.5 * (sorted_[(n - 1) / 2] + sorted_[n / 2]);
  }
  void replace(double old_value, double new_value) {
    const std::size_t from = n_below(old_value);
    const std::size_t to = n_below(new_value);
    double* const sorted = sorted_.data();
    if (to > from) {
      std::copy(sorted + from + 1, sorted + to, sorted + from);
      sorted[to - 1] = new_value;
    } else {
      std::copy_backward(sorted + to, sorted + from, sorted + from + 1);
      sorted[to] = new_value;
    }
  }

 private:
  /// Counting takes vectors and no branches: for windows of tens of samples faster than a search by halves.
  std::size_t n_below(double value) const {
    std::uint64_t count = 0;
    for (const double other : sorted_) count += other < value ? 1U : 0U;
    return count;
  }

  std::vector<double> sorted_;
};

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

/// The values of a window as ranks, in which values come and go; NaN stay out.
class RankWindow {
 public:
  explicit RankWindow(std::span<const double> values) : values_(values), rank_(values.size()), counts_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isnan(values[i])) by_value_.push_back(i);
    }
    std::ranges::stable_sort(by_value_, {}, [&](std::size_t i) { return values[i]; });
    for (std::size_t i = 0; i < by_value_.size(); ++i) rank_[by_value_[i]] = i;
  }

  /// `count` times the sample nearest to `i` that there is.
  void add(std::int64_t i, std::int64_t count) {
    const auto last = static_cast<std::int64_t>(values_.size()) - 1;
    const std::size_t sample = std::clamp<std::int64_t>(i, 0, last);
    if (std::isnan(values_[sample])) return;
    counts_.add(rank_[sample], count);
    n_inside_ += count;
  }
  double median() const {
    if (n_inside_ == 0) return kNan;
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

std::vector<double> by_sorting(std::span<const double> values, std::size_t window) {
  const auto last = static_cast<std::int64_t>(values.size()) - 1;
  const auto padded = [&](std::int64_t i) { return values[std::clamp<std::int64_t>(i, 0, last)]; };
  const std::int64_t length = window;
  std::vector<double> first;
  for (std::int64_t i = -(length / 2); i < length - length / 2; ++i) first.push_back(padded(i));
  SortedWindow sorted(std::move(first));
  std::vector<double> medians(values.size());
  for (std::int64_t i = 0; i <= last; ++i) {
    medians[i] = sorted.middle();
    sorted.replace(padded(i - length / 2), padded(i - length / 2 + length));
  }
  return medians;
}

std::vector<double> by_counting(std::span<const double> values, std::size_t window) {
  RankWindow inside(values);
  const std::int64_t length = window;
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

}  // namespace

std::vector<double> moving_median(std::span<const double> values, std::size_t window) {
  if (window == 0) throw Bug("moving_median: a window of 0 samples");
  if (values.empty()) return {};
  const bool has_nan = std::ranges::any_of(values, [](double value) { return std::isnan(value); });
  return has_nan || window > kLongestSorted ? by_counting(values, window) : by_sorting(values, window);
}

}  // namespace comap
