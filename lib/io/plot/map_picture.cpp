#include "io/plot/map_picture.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "io/plot/gnuplot.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

constexpr double kAxisTicks = 8.0;
constexpr std::size_t kBorderPoints = 201;  // along an axis, where its coordinate is evaluated

float block_mean(const std::vector<float>& image, std::int64_t n_x, const PixelWindow& block) {
  double sum = 0.0;
  int n_finite = 0;
  for (std::int64_t y = block.y_begin; y < block.y_end; ++y) {
    for (std::int64_t x = block.x_begin; x < block.x_end; ++x) {
      const float value = image[y * n_x + x];
      if (!std::isfinite(value)) continue;
      sum += value;
      ++n_finite;
    }
  }
  return n_finite > 0 ? static_cast<float>(sum / n_finite) : kFloatNan;
}

std::string tick_label(double value_deg, double step_deg) {
  const int n_decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step_deg) + 1e-9)));
  return fmt::format("{:.{}f}", value_deg, n_decimals);
}

/// Where a coordinate, known at points along a border, takes round values.
std::vector<AxisTick> round_crossings(const std::vector<double>& pixel, const std::vector<double>& coordinate_deg,
                                      bool is_longitude) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : coordinate_deg) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  std::vector<AxisTick> ticks;
  if (!(high > low)) return ticks;
  const double step = round_step(high - low, kAxisTicks);
  for (double number = std::ceil(low / step); number <= high / step; ++number) {
    const double value = number * step;
    for (std::size_t i = 1; i < pixel.size(); ++i) {
      const double before = coordinate_deg[i - 1] - value, after = coordinate_deg[i] - value;
      if (!(before * after <= 0.0) || before == after) continue;
      const double shown = is_longitude ? value - 360.0 * std::floor(value / 360.0) : value;
      ticks.push_back({std::lerp(pixel[i - 1], pixel[i], before / (before - after)), tick_label(shown, step)});
      break;
    }
  }
  return ticks;
}

/// Evenly spaced pixel coordinates from border to border.
std::vector<double> border_points(std::int64_t begin, std::int64_t end) {
  std::vector<double> points(kBorderPoints);
  for (std::size_t i = 0; i < kBorderPoints; ++i) {
    const double fraction = static_cast<double>(i) / static_cast<double>(kBorderPoints - 1);
    points[i] = std::lerp(static_cast<double>(begin) - 0.5, static_cast<double>(end) - 0.5, fraction);
  }
  return points;
}

}  // namespace

double round_step(double span, double n_steps) {
  const double wanted = span / n_steps;
  const double power = std::pow(10.0, std::floor(std::log10(wanted)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (wanted <= factor * power) return factor * power;
  }
  return 10.0 * power;
}

PixelWindow observed_window(const ContinuumMap& map) {
  const std::int64_t n_x = map.wcs.naxis[0], n_y = map.wcs.naxis[1];
  PixelWindow window{n_x, 0, n_y, 0};
  for (std::int64_t y = 0; y < n_y; ++y) {
    for (std::int64_t x = 0; x < n_x; ++x) {
      if (map.mask[y * n_x + x] != 0) continue;
      window = {std::min(window.x_begin, x), std::max(window.x_end, x + 1), std::min(window.y_begin, y),
                std::max(window.y_end, y + 1)};
    }
  }
  if (window.width() <= 0) return {0, n_x, 0, n_y};
  const std::int64_t margin = 2 + std::max(window.width(), window.height()) / 30;
  return {std::max<std::int64_t>(window.x_begin - margin, 0), std::min(window.x_end + margin, n_x),
          std::max<std::int64_t>(window.y_begin - margin, 0), std::min(window.y_end + margin, n_y)};
}

Picture picture_of(const std::vector<float>& image, const WcsDefinition& wcs, const PixelWindow& window,
                   std::int64_t step) {
  Picture picture;
  picture.n_x = (window.width() + step - 1) / step;
  picture.n_y = (window.height() + step - 1) / step;
  picture.values.reserve(picture.n_x * picture.n_y);
  for (std::int64_t y = window.y_begin; y < window.y_end; y += step) {
    for (std::int64_t x = window.x_begin; x < window.x_end; x += step) {
      const PixelWindow block{x, std::min(x + step, window.x_end), y, std::min(y + step, window.y_end)};
      picture.values.push_back(block_mean(image, wcs.naxis[0], block));
    }
  }
  return picture;
}

ColourLimits robust_limits(const std::vector<float>& values) {
  std::vector<float> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](float value) { return std::isfinite(value); });
  if (finite.empty()) return {};
  const auto percentile = [&](double fraction) {
    const auto rank = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(finite.size() - 1));
    std::ranges::nth_element(finite, finite.begin() + rank);
    return finite[rank];
  };
  const double low = percentile(0.01), high = percentile(0.99);
  if (high > low) return {low, high};
  const double half_width = low == 0.0 ? 1.0 : 0.1 * std::abs(low);
  return {low - half_width, low + half_width};
}

std::vector<AxisTick> longitude_ticks(const WcsDefinition& wcs, const PixelWindow& window) {
  const std::vector<double> x = border_points(window.x_begin, window.x_end);
  const std::vector<double> y(x.size(), static_cast<double>(window.y_begin) - 0.5);
  std::vector<double> longitude(x.size()), latitude(x.size());
  Wcs(wcs).pixel_to_sky(x, y, longitude, latitude);
  for (std::size_t i = 1; i < longitude.size(); ++i) {
    longitude[i] = longitude[i - 1] + std::remainder(longitude[i] - longitude[i - 1], 360.0);
  }
  return round_crossings(x, longitude, true);
}

std::vector<AxisTick> latitude_ticks(const WcsDefinition& wcs, const PixelWindow& window) {
  const std::vector<double> y = border_points(window.y_begin, window.y_end);
  const std::vector<double> x(y.size(), static_cast<double>(window.x_begin) - 0.5);
  std::vector<double> longitude(y.size()), latitude(y.size());
  Wcs(wcs).pixel_to_sky(x, y, longitude, latitude);
  return round_crossings(y, latitude, false);
}

std::string tick_list(const std::vector<AxisTick>& ticks) {
  std::string list;
  for (const AxisTick& tick : ticks) {
    list += fmt::format("{}{} {:.6f}", list.empty() ? "" : ", ", gnuplot_quoted(tick.label), tick.pixel);
  }
  return list;
}

double sky_aspect(const WcsDefinition& wcs, const PixelWindow& window) {
  double width_deg = static_cast<double>(window.width()) * std::abs(wcs.cdelt_deg[0]);
  if (wcs.ctype[0].ends_with("-CAR") && wcs.crval_deg[1] == 0.0) {
    const double middle_row = 0.5 * static_cast<double>(window.y_begin + window.y_end - 1);
    width_deg *= std::cos((middle_row + 1.0 - wcs.crpix[1]) * wcs.cdelt_deg[1] * kDegree_rad);
  }
  return static_cast<double>(window.height()) * std::abs(wcs.cdelt_deg[1]) / width_deg;
}

}  // namespace comap
