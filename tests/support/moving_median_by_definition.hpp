#pragma once
/// \file
/// The moving median as it is defined, in O(n window log window).

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace comap::test {

/// By the definition: pad with the edge values, cut out, leave out NaN, sort; NaN where nothing is left.
inline std::vector<double> moving_median_by_definition(const std::vector<double>& values, std::int64_t window) {
  const auto n = static_cast<std::int64_t>(values.size());
  std::vector<double> result;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> inside;
    for (std::int64_t k = i - window / 2; k < i - window / 2 + window; ++k) {
      const double value = values[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, n - 1))];
      if (!std::isnan(value)) inside.push_back(value);
    }
    if (inside.empty()) {
      result.push_back(std::nan(""));
      continue;
    }
    std::ranges::sort(inside);
    const auto middle = inside.size() / 2;
    result.push_back(inside.size() % 2 == 1 ? inside[middle] : 0.5 * (inside[middle - 1] + inside[middle]));
  }
  return result;
}

}  // namespace comap::test
