#pragma once
/// \file
/// Several streams side by side, so that one pass over the pointing serves all: number i of lane l is at
/// [i * n_lanes + l].

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

namespace comap {

/// A cache line of doubles.
inline constexpr std::size_t kMaxLanes = 8;
/// One number for each lane; those beyond the last lane are 0.
using LaneValues = std::array<double, kMaxLanes>;

/// Lanes that hold `n_streams` streams: 1, 2, 4 or 8, for which the inner loops are compiled.
constexpr std::size_t lanes_for(std::size_t n_streams) {
  std::size_t lanes = 1;
  while (lanes < n_streams && lanes < kMaxLanes) lanes *= 2;
  return lanes;
}

/// work(std::integral_constant<std::size_t, n_lanes>), so that loops over lanes have a fixed length.
template <typename Work>
decltype(auto) with_lanes(std::size_t n_lanes, Work&& work) {
  switch (n_lanes) {
    case 1:
      return work(std::integral_constant<std::size_t, 1>{});
    case 2:
      return work(std::integral_constant<std::size_t, 2>{});
    case 4:
      return work(std::integral_constant<std::size_t, 4>{});
    default:
      return work(std::integral_constant<std::size_t, 8>{});
  }
}

/// Sum of x y of each lane.
LaneValues lane_products(std::size_t n_lanes, std::span<const double> x, std::span<const double> y);

/// y += factor x, each lane with its own factor.
void add_lanes(std::size_t n_lanes, const LaneValues& factor, std::span<const double> x, std::span<double> y);

/// y = x + factor y
void scale_and_add_lanes(std::size_t n_lanes, const LaneValues& factor, std::span<const double> x, std::span<double> y);

}  // namespace comap
