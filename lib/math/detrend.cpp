#include "math/detrend.hpp"

#include <cmath>
#include <cstdint>

namespace comap {
namespace {

/// A template is called dependent when less than this part of it is left after taking out those before it.
constexpr double kDependent = 1e-6;

double dot(std::span<const double> a, std::span<const double> b, std::span<const std::uint8_t> good) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += good[i] != 0 ? a[i] * b[i] : 0.0;
  return sum;
}

void subtract(std::span<double> a, double factor, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= factor * b[i];
}

}  // namespace

void subtract_templates(std::span<double> values, const std::vector<std::vector<double>>& templates) {
  std::vector<std::uint8_t> good(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    bool finite = std::isfinite(values[i]);
    for (const auto& shape : templates) finite = finite && std::isfinite(shape[i]);
    good[i] = finite ? 1 : 0;
  }
  std::vector<std::vector<double>> basis;  // orthonormal over the good samples
  for (std::vector<double> shape : templates) {
    for (double& value : shape) value = std::isfinite(value) ? value : 0.0;
    const double norm = std::sqrt(dot(shape, shape, good));
    for (int pass = 0; pass < 2; ++pass) {  // the second takes out what rounding left in
      for (const auto& direction : basis) subtract(shape, dot(shape, direction, good), direction);
    }
    const double rest = std::sqrt(dot(shape, shape, good));
    if (!(rest > kDependent * norm)) continue;
    for (double& value : shape) value /= rest;
    subtract(values, dot(values, shape, good), shape);
    basis.push_back(std::move(shape));
  }
}

}  // namespace comap
