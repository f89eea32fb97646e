#include "destripe/regularisation.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace comap {

namespace {

/// The value below which `rank` positive values lie, 0-based, by bisection on the bits: the order of positive doubles
/// is that of their bits as integers.
double order_statistic(std::span<const double> values, std::int64_t order, const Communicator& ranks) {
  std::int64_t low = 0;
  auto high = std::bit_cast<std::int64_t>(std::numeric_limits<double>::max());
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    std::int64_t n_up_to = 0;
    for (const double value : values) n_up_to += value > 0.0 && std::bit_cast<std::int64_t>(value) <= middle;
    if (ranks.sum(n_up_to) > order) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return std::bit_cast<double>(low);
}

}  // namespace

double median_of_positive(std::span<const double> values, const Communicator& ranks) {
  std::int64_t n = 0;
  for (const double value : values) n += value > 0.0;
  n = ranks.sum(n);
  if (n == 0) return 0.0;
  const double upper = order_statistic(values, n / 2, ranks);
  return n % 2 == 1 ? upper : 0.5 * (upper + order_statistic(values, n / 2 - 1, ranks));
}

Regularisation make_regularisation(const DestriperSettings& settings, std::span<const double> offset_weight,
                                   const Communicator& ranks) {
  Regularisation relative{settings.lambda_ridge, settings.alpha_grad, settings.alpha_curv};
  if (!relative.any()) return relative;
  const double scale = median_of_positive(offset_weight, ranks);
  return {scale * relative.ridge_per_K2, scale * relative.gradient_per_K2, scale * relative.curvature_per_K2};
}

double Regularisation::of_mode_per_K2(std::size_t k, std::size_t n) const {
  const double sine = std::sin(0.5 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  const double eigenvalue = 4.0 * sine * sine;
  return ridge_per_K2 + eigenvalue * (gradient_per_K2 + eigenvalue * curvature_per_K2);
}

}  // namespace comap
