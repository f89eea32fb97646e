#include "map/subpixel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace comap {
namespace {

constexpr std::int64_t kMargin = 3;  ///< pixels filled around the mapped area; a spline reaches two
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// One ring of pixels next to those with a value becomes the mean of its neighbours.
void grow(std::vector<double>& values, std::int64_t n_x, std::int64_t n_y) {
  const std::vector<double> before = values;
  for (std::int64_t y = 0; y < n_y; ++y) {
    for (std::int64_t x = 0; x < n_x; ++x) {
      double& value = values[static_cast<std::size_t>(y * n_x + x)];
      if (std::isfinite(value)) continue;
      double sum = 0.0, n = 0.0;
      for (std::int64_t j = std::max<std::int64_t>(y - 1, 0); j <= std::min(y + 1, n_y - 1); ++j) {
        for (std::int64_t i = std::max<std::int64_t>(x - 1, 0); i <= std::min(x + 1, n_x - 1); ++i) {
          const double neighbour = before[static_cast<std::size_t>(j * n_x + i)];
          if (!std::isfinite(neighbour)) continue;
          sum += neighbour;
          n += 1.0;
        }
      }
      if (n > 0.0) value = sum / n;
    }
  }
}

/// Cubic B-spline at distances -1-t, -t, 1-t, 2-t from the four nearest knots.
std::array<double, 4> weights(double t) {
  const double u = 1.0 - t;
  return {u * u * u / 6.0, 2.0 / 3.0 - t * t * (2.0 - t) / 2.0, 2.0 / 3.0 - u * u * (2.0 - u) / 2.0, t * t * t / 6.0};
}

}  // namespace

MapSpline::MapSpline(const MapPiece& map, std::int64_t n_columns) : n_columns_(n_columns) {
  if (map.pixel.empty()) return;
  std::int64_t x_low = n_columns, x_high = 0;
  for (const std::int64_t pixel : map.pixel) {
    x_low = std::min(x_low, pixel % n_columns);
    x_high = std::max(x_high, pixel % n_columns);
  }
  const auto [first, last] = std::ranges::minmax(map.pixel);
  x_begin_ = x_low - kMargin;
  y_begin_ = first / n_columns - kMargin;
  n_x_ = x_high - x_low + 1 + 2 * kMargin;
  n_y_ = last / n_columns - first / n_columns + 1 + 2 * kMargin;
  coefficients_.assign(static_cast<std::size_t>(n_x_ * n_y_), kNan);
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    const std::int64_t x = map.pixel[i] % n_columns - x_begin_;
    const std::int64_t y = map.pixel[i] / n_columns - y_begin_;
    coefficients_[static_cast<std::size_t>(y * n_x_ + x)] = map.destriped_K[i];
  }
  for (std::int64_t ring = 0; ring < kMargin; ++ring) grow(coefficients_, n_x_, n_y_);
  for (double& value : coefficients_) value = std::isfinite(value) ? value : 0.0;
}

double MapSpline::at(double x, double y) const {
  const double column = std::floor(x), row = std::floor(y);
  const auto wx = weights(x - column), wy = weights(y - row);
  const auto first = static_cast<std::int64_t>(row - 1.0) * n_x_ + static_cast<std::int64_t>(column - 1.0);
  double sum = 0.0;
  for (std::size_t j = 0; j < 4; ++j) {
    const double* line = coefficients_.data() + first + static_cast<std::int64_t>(j) * n_x_;
    sum += wy[j] * (wx[0] * line[0] + wx[1] * line[1] + wx[2] * line[2] + wx[3] * line[3]);
  }
  return sum;
}

double MapSpline::structure_K(std::int64_t pixel, double x_within, double y_within) const {
  const std::int64_t x = pixel % n_columns_ - x_begin_, y = pixel / n_columns_ - y_begin_;
  if (x < kMargin || y < kMargin || x >= n_x_ - kMargin || y >= n_y_ - kMargin) return 0.0;
  const auto centre_x = static_cast<double>(x), centre_y = static_cast<double>(y);
  return at(centre_x + x_within, centre_y + y_within) - at(centre_x, centre_y);
}

std::vector<float> subpixel_structure(const MapSpline& spline, std::span<const std::int32_t> pixel,
                                      std::span<const WithinPixel> within) {
  std::vector<float> structure_K(pixel.size(), 0.0F);
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    if (pixel[i] < 0) continue;
    structure_K[i] =
        static_cast<float>(spline.structure_K(pixel[i], within[i][0] / kSubpixelSteps, within[i][1] / kSubpixelSteps));
  }
  return structure_K;
}

}  // namespace comap
