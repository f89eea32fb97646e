#include "math/gaps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace comap {
namespace {

/// Fills (left, right), both finite or outside the series.
void fill(std::span<double> series, std::size_t n_before, std::size_t right) {
  const bool has_left = n_before > 0;
  const bool has_right = right < series.size();
  const double left_value = has_left ? series[n_before - 1] : series[right];
  const double right_value = has_right ? series[right] : left_value;
  const auto width = static_cast<double>(right - n_before + 1);
  for (std::size_t i = n_before; i < right; ++i) {
    const double fraction = static_cast<double>(i - n_before + 1) / width;
    series[i] = left_value + fraction * (right_value - left_value);
  }
}

}  // namespace

std::size_t bridge_gaps(std::span<double> series) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const auto n_finite = static_cast<std::size_t>(std::ranges::count_if(series, finite));
  if (n_finite == series.size()) return n_finite;
  if (n_finite == 0) {
    std::ranges::fill(series, 0.0);
    return 0;
  }
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (finite(series[i])) continue;
    std::size_t right = i;
    while (right < series.size() && !finite(series[right])) ++right;
    fill(series, i, right);
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
      std::ranges::fill(series, std::numeric_limits<double>::quiet_NaN());
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
