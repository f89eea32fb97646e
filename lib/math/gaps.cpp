#include "math/gaps.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

/// Mean over the finite ones of at most `n` values, the last of `values` or the first.
double mean_at_end(std::span<const double> values, std::size_t n, bool last) {
  n = std::min(n, values.size());
  double sum = 0.0, n_finite = 0.0;
  for (const double value : last ? values.last(n) : values.first(n)) {
    if (!std::isfinite(value)) continue;
    sum += value;
    n_finite += 1.0;
  }
  return sum / n_finite;
}

/// Fills (left, right), both finite or outside the series.
void fill(std::span<double> series, std::size_t n_before, std::size_t right, std::size_t n_ends) {
  const bool has_left = n_before > 0;
  const bool has_right = right < series.size();
  const std::size_t n_mean = right - n_before > n_ends ? n_ends : 1;
  const double first = has_left ? mean_at_end(series.first(n_before), n_mean, true) : 0.0;
  const double right_value = has_right ? mean_at_end(series.subspan(right), n_mean, false) : first;
  const double left_value = has_left ? first : right_value;
  const auto width = static_cast<double>(right - n_before + 1);
  for (std::size_t i = n_before; i < right; ++i) {
    const double fraction = static_cast<double>(i - n_before + 1) / width;
    series[i] = left_value + fraction * (right_value - left_value);
  }
}

}  // namespace

std::size_t bridge_gaps(std::span<double> series, std::size_t n_ends) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const std::size_t n_finite = std::ranges::count_if(series, finite);
  if (n_finite == series.size()) return n_finite;
  if (n_finite == 0) {
    std::ranges::fill(series, 0.0);
    return 0;
  }
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (finite(series[i])) continue;
    std::size_t right = i;
    while (right < series.size() && !finite(series[right])) ++right;
    fill(series, i, right, n_ends);
    i = right;
  }
  return n_finite;
}

void bridge_missing(std::span<double> series, std::span<const std::uint8_t> missing, double period) {
  const std::size_t n = series.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (missing[i] == 0) continue;
    std::size_t right = i;
    while (right < n && missing[right] != 0) ++right;
    if (i == 0 && right == n) {
      std::ranges::fill(series, kNan);
      return;
    }
    const double first = i > 0 ? series[i - 1] : series[right];
    const double last = right < n ? series[right] : first;
    const double step = period > 0.0 ? std::remainder(last - first, period) : last - first;
    const auto width = static_cast<double>(right - i + 1);
    for (std::size_t j = i; j < right; ++j) series[j] = first + step * static_cast<double>(j - i + 1) / width;
    i = right;
  }
}

}  // namespace comap
