#pragma once
/// \file
/// Preconditioned conjugate gradients.

#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "map/destriper.hpp"

namespace comap {

struct CgResult {
  StopReason reason = StopReason::max_iterations;
  int iterations = 0;
  double relative_residual = 0.0;  ///< |r| / |b|
  double residual_in_norm = 0.0;   ///< sqrt(r^T M^-1 r), M the preconditioner
};

/// Solves A x = b for a symmetric positive (semi)definite A, from x = 0.
///
/// `apply(x, y)`          y = A x
/// `precondition(r, z)`   z = M^-1 r, and returns nothing
/// `dot(x, y)`            over all ranks; `dot(x, y, u, v)` both products at once, as a pair
///
/// `residual` holds b on entry and b - A x on return. Stops at |r| <= threshold |b|, or where rounding errors make
/// p^T A p no longer positive. Per iteration one apply, one precondition and two reductions.
/// Source: Saad, Iterative Methods for Sparse Linear Systems, algorithm 9.1.
template <typename Apply, typename Precondition, typename Dot>
CgResult conjugate_gradient(Apply apply, Precondition precondition, Dot dot, std::span<double> residual,
                            std::span<double> x, double threshold, int max_iterations) {
  const std::size_t n = x.size();
  std::vector<double> z(n), direction(n), image(n);
  for (double& value : x) value = 0.0;
  precondition(std::span<const double>(residual), std::span<double>(z));
  auto [rho, square] = dot(residual, z, residual, residual);
  const double limit = threshold * threshold * square;
  const double start = square;
  CgResult result;
  if (!(start > 0.0)) {
    result.reason = StopReason::nothing_to_solve;
    return result;
  }
  direction = z;
  while (result.iterations < max_iterations) {
    apply(std::span<const double>(direction), std::span<double>(image));
    const double curvature = dot(direction, image);
    if (!(curvature > 0.0) || !(rho > 0.0)) {
      result.reason = StopReason::breakdown;
      break;
    }
    const double step = rho / curvature;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    ++result.iterations;
    precondition(std::span<const double>(residual), std::span<double>(z));
    const double previous = rho;
    std::tie(rho, square) = dot(residual, z, residual, residual);
    if (square <= limit) {
      result.reason = StopReason::threshold;
      break;
    }
    const double turn = rho / previous;
    for (std::size_t i = 0; i < n; ++i) direction[i] = z[i] + turn * direction[i];
  }
  result.relative_residual = std::sqrt(square / start);
  result.residual_in_norm = std::sqrt(rho);
  return result;
}

}  // namespace comap
