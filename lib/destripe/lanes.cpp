#include "destripe/lanes.hpp"

namespace comap {

LaneValues lane_products(std::size_t n_lanes, std::span<const double> x, std::span<const double> y) {
  LaneValues result{};
  with_lanes(n_lanes, [&](auto lanes) {
    // Eight chains of additions whatever the number of lanes, since one would wait for itself.
    constexpr std::size_t kStep = kMaxLanes;
    std::array<double, kStep> sums{};
    std::size_t i = 0;
    for (; i + kStep <= x.size(); i += kStep) {
      for (std::size_t k = 0; k < kStep; ++k) sums[k] += x[i + k] * y[i + k];
    }
    for (std::size_t k = 0; i + k < x.size(); ++k) sums[k] += x[i + k] * y[i + k];
    for (std::size_t k = 0; k < kStep; ++k) result[k % lanes] += sums[k];
  });
  return result;
}

void add_lanes(std::size_t n_lanes, const LaneValues& factor, std::span<const double> x, std::span<double> y) {
  with_lanes(n_lanes, [&](auto lanes) {
    for (std::size_t i = 0; i < x.size(); i += lanes) {
      for (std::size_t l = 0; l < lanes; ++l) y[i + l] += factor[l] * x[i + l];
    }
  });
}

void scale_and_add_lanes(std::size_t n_lanes, const LaneValues& factor, std::span<const double> x,
                         std::span<double> y) {
  with_lanes(n_lanes, [&](auto lanes) {
    for (std::size_t i = 0; i < x.size(); i += lanes) {
      for (std::size_t l = 0; l < lanes; ++l) y[i + l] = x[i + l] + factor[l] * y[i + l];
    }
  });
}

}  // namespace comap
