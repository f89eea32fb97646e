#include "math/gaps.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "math/bridge.hpp"

namespace comap {

std::size_t bridge_gaps(std::span<double> series) {
  std::vector<std::uint8_t> missing(series.size());
  std::ranges::transform(series, missing.begin(), [](double value) { return std::isfinite(value) ? 0 : 1; });
  const auto n_finite = static_cast<std::size_t>(std::ranges::count(missing, 0));
  if (n_finite == 0) std::ranges::fill(series, 0.0);
  if (n_finite < series.size()) bridge_linearly(series, missing);
  return n_finite;
}

}  // namespace comap
