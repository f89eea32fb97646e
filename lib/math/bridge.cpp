#include "math/bridge.hpp"

#include <cstddef>

namespace comap {

void bridge_linearly(std::span<double> values, std::span<const std::uint8_t> missing) {
  const std::size_t n = values.size();
  std::size_t next = 0;  // the first sample after the gap
  bool any_before = false;
  for (std::size_t i = 0; i < n; i = next + 1) {
    next = i;
    while (next < n && missing[next] != 0) ++next;
    const bool any_after = next < n;
    if (!any_before && !any_after) return;
    for (std::size_t k = i; k < next; ++k) {
      const double before = any_before ? values[i - 1] : values[next];
      const double after = any_after ? values[next] : before;
      values[k] = before + (after - before) * static_cast<double>(k - i + 1) / static_cast<double>(next - i + 1);
    }
    any_before = true;
  }
}

}  // namespace comap
