#pragma once
/// \file
/// Preconditioned conjugate gradients for several right-hand sides in step.

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>

#include "data/large_vector.hpp"
#include "destripe/lanes.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// The outcome for one lane.
struct CgResult {
  StopReason reason = StopReason::max_iterations;
  int iterations = 0;
  double square = 0.0;  ///< |r|^2
};

/// Inverse of the smallest eigenvalue of M^-1 A that can be told from 0, for M^-1 A with eigenvalues up to 1.
/// Directions in which A is singular but rounding errors have a residual lead there.
inline constexpr double kLargestStep = 1e12;

struct CgLimits {
  int max_iterations = 1000;
  LaneValues square{};  ///< |r|^2 at which a lane is done; negative for one with nothing to solve
};

/// Solves A x = b for symmetric positive (semi)definite A, one right-hand side for each lane; lanes do not know of each
/// other, and one that is done rests while others go on.
///
/// `apply(x, y)`          y = A x
/// `precondition(r, z)`   z = M^-1 r; returns r z and |r|^2, in any norm, of each lane over all ranks
/// `dot(x, y)`            x y of each lane over all ranks
///
/// `x` holds the start and `residual` b - A x, on entry and on return. A lane stops where |r|^2 reaches its limit, or
/// where rounding errors make p^T A p no longer positive. Per iteration one apply, one precondition and one dot.
/// Source: Saad, Iterative Methods for Sparse Linear Systems, algorithm 9.1.
template <typename Apply, typename Precondition, typename Dot>
std::array<CgResult, kMaxLanes> conjugate_gradient(Apply apply, Precondition precondition, Dot dot, std::size_t n_lanes,
                                                   std::span<double> residual, std::span<double> x,
                                                   const CgLimits& limits) {
  const std::size_t n = x.size();
  LargeVector<double> z(n), direction(n), image(n);
  std::array<CgResult, kMaxLanes> results;
  std::array<bool, kMaxLanes> runs{};
  const auto stop = [&](std::size_t lane, StopReason reason) {
    results[lane].reason = reason;
    runs[lane] = false;
  };
  LaneValues rho, square;
  std::tie(rho, square) = precondition(std::span<const double>(residual), std::span<double>(z));
  const auto reached = [&](std::size_t lane) { return square[lane] <= limits.square[lane]; };
  bool any = false;
  for (std::size_t lane = 0; lane < n_lanes; ++lane) {
    runs[lane] = true;
    if (limits.square[lane] < 0.0) {
      stop(lane, StopReason::nothing_to_solve);
    } else if (reached(lane)) {
      stop(lane, StopReason::threshold);
    }
    any = any || runs[lane];
  }
  direction = z;
  for (int iteration = 0; any && iteration < limits.max_iterations; ++iteration) {
    apply(std::span<const double>(direction), std::span<double>(image));
    const LaneValues curvature = dot(direction, image);
    LaneValues step{}, back{}, turn{};
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      if (!runs[lane]) continue;
      if (!(curvature[lane] > 0.0) || !(rho[lane] > 0.0)) {
        stop(lane, StopReason::breakdown);
        continue;
      }
      step[lane] = rho[lane] / curvature[lane];
      if (step[lane] > kLargestStep) {
        step[lane] = 0.0;
        stop(lane, StopReason::breakdown);
        continue;
      }
      back[lane] = -step[lane];
      ++results[lane].iterations;
    }
    add_lanes(n_lanes, step, direction, x);
    add_lanes(n_lanes, back, image, residual);
    const LaneValues previous = rho;
    std::tie(rho, square) = precondition(std::span<const double>(residual), std::span<double>(z));
    any = false;
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
      if (runs[lane] && reached(lane)) stop(lane, StopReason::threshold);
      if (runs[lane]) turn[lane] = rho[lane] / previous[lane];
      any = any || runs[lane];
    }
    scale_and_add_lanes(n_lanes, turn, z, direction);
  }
  for (std::size_t lane = 0; lane < n_lanes; ++lane) results[lane].square = square[lane];
  return results;
}

}  // namespace comap
