#include "math/moving_median.hpp"

#include <algorithm>
#include <cstdint>

#include "core/error.hpp"

namespace comap {
namespace {

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

}  // namespace

std::vector<double> moving_median(std::span<const double> values, std::size_t window) {
  if (window == 0) throw Bug("moving_median: a window of 0 samples");
  if (values.empty()) return {};
  const auto last = static_cast<std::int64_t>(values.size()) - 1;
  const auto padded = [&](std::int64_t i) {
    return values[static_cast<std::size_t>(std::clamp<std::int64_t>(i, 0, last))];
  };
  const auto length = static_cast<std::int64_t>(window);
  std::vector<double> first;
  for (std::int64_t i = -(length / 2); i < length - length / 2; ++i) first.push_back(padded(i));
  SortedWindow sorted(std::move(first));
  std::vector<double> medians(values.size());
  for (std::int64_t i = 0; i <= last; ++i) {
    medians[static_cast<std::size_t>(i)] = sorted.middle();
    sorted.replace(padded(i - length / 2), padded(i - length / 2 + length));
  }
  return medians;
}

}  // namespace comap
