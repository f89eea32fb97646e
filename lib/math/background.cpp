#include "math/background.hpp"

#include <cmath>
#include <numeric>

namespace comap {
namespace {

/// A template of which less than this part of its norm is left is nothing but rounding. An airmass varies little about
/// its mean near transit, by 1e-6 and less, and still matters.
constexpr double kRoundingOnly = 1e-12;

double dot(std::span<const double> a, std::span<const double> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void subtract_shape(std::span<double> a, double factor, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= factor * b[i];
}

}  // namespace

void Background::add_stretch(std::size_t first, std::size_t n, const std::vector<std::vector<double>>& templates) {
  std::vector<std::vector<double>> candidates = {std::vector<double>(n, 1.0)};
  candidates.insert(candidates.end(), templates.begin(), templates.end());
  const std::size_t before = shapes_.size();
  for (std::vector<double>& candidate : candidates) {
    const double norm = std::sqrt(dot(candidate, candidate));
    for (int pass = 0; pass < 2; ++pass) {  // the second takes out what rounding left in
      for (std::size_t i = before; i < shapes_.size(); ++i) {
        subtract_shape(candidate, dot(candidate, shapes_[i].values), shapes_[i].values);
      }
    }
    const double rest = std::sqrt(dot(candidate, candidate));
    if (!(rest > kRoundingOnly * norm)) continue;
    for (double& value : candidate) value /= rest;
    shapes_.push_back({first, std::move(candidate)});
  }
}

void Background::take_out(std::span<double> series) const {
  for (const Shape& shape : shapes_) {
    const auto stretch = series.subspan(shape.first, shape.values.size());
    subtract_shape(stretch, dot(stretch, shape.values), shape.values);
  }
}

}  // namespace comap
