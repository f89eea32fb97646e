#include "transfer/flat_map.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

/// An image of flags with a rule for what lies outside it.
struct Region {
  std::int64_t n_x = 0, n_y = 0;
  std::vector<bool> inside;  ///< [y][x]

  std::size_t index(std::int64_t x, std::int64_t y) const { return static_cast<std::size_t>(y * n_x + x); }
};

/// Chessboard distance of every pixel to the closest one that has `value`; with `outside_counts` all beyond the image
/// have it. Two sweeps are exact for this distance.
std::vector<std::int64_t> distance_to(const Region& region, bool value, bool outside_counts) {
  const std::int64_t far = region.n_x + region.n_y;
  std::vector<std::int64_t> distance(region.inside.size());
  const auto at = [&](std::int64_t x, std::int64_t y) {
    if (x < 0 || y < 0 || x >= region.n_x || y >= region.n_y) return outside_counts ? std::int64_t{0} : far;
    return distance[region.index(x, y)];
  };
  for (std::size_t i = 0; i < distance.size(); ++i) distance[i] = region.inside[i] == value ? 0 : far;
  for (std::int64_t y = 0; y < region.n_y; ++y) {
    for (std::int64_t x = 0; x < region.n_x; ++x) {
      const std::int64_t nearest = std::min({at(x - 1, y), at(x - 1, y - 1), at(x, y - 1), at(x + 1, y - 1)});
      distance[region.index(x, y)] = std::min(distance[region.index(x, y)], nearest + 1);
    }
  }
  for (std::int64_t y = region.n_y - 1; y >= 0; --y) {
    for (std::int64_t x = region.n_x - 1; x >= 0; --x) {
      const std::int64_t nearest = std::min({at(x + 1, y), at(x + 1, y + 1), at(x, y + 1), at(x - 1, y + 1)});
      distance[region.index(x, y)] = std::min(distance[region.index(x, y)], nearest + 1);
    }
  }
  return distance;
}

/// The region with its gaps closed: dilated, then eroded by the same width.
Region closed(const Region& region, std::int64_t width) {
  Region wider = region;
  const std::vector<std::int64_t> to_inside = distance_to(region, true, false);
  for (std::size_t i = 0; i < to_inside.size(); ++i) wider.inside[i] = to_inside[i] <= width;
  Region result = region;
  const std::vector<std::int64_t> to_outside = distance_to(wider, false, false);
  for (std::size_t i = 0; i < to_outside.size(); ++i) result.inside[i] = region.inside[i] || to_outside[i] > width;
  return result;
}

/// The smallest rectangle that holds what is inside.
FlatWindow bounding_window(const Region& region) {
  FlatWindow window;
  std::int64_t x_end = 0, y_end = 0;
  window.x_begin = region.n_x;
  window.y_begin = region.n_y;
  for (std::int64_t y = 0; y < region.n_y; ++y) {
    for (std::int64_t x = 0; x < region.n_x; ++x) {
      if (!region.inside[region.index(x, y)]) continue;
      window.x_begin = std::min(window.x_begin, x);
      window.y_begin = std::min(window.y_begin, y);
      x_end = std::max(x_end, x + 1);
      y_end = std::max(y_end, y + 1);
    }
  }
  window.n_x = x_end - window.x_begin;
  window.n_y = y_end - window.y_begin;
  return window;
}

double separation_rad(const Wcs& wcs, std::array<double, 2> x, std::array<double, 2> y) {
  std::array<double, 2> longitude_deg{}, latitude_deg{};
  wcs.pixel_to_sky(x, y, longitude_deg, latitude_deg);
  const double across = std::remainder(longitude_deg[1] - longitude_deg[0], 360.0) *
                        std::cos(0.5 * (latitude_deg[0] + latitude_deg[1]) * kDegree_rad);
  return std::hypot(across, latitude_deg[1] - latitude_deg[0]) * kDegree_rad;
}

/// Mean of the up to eight neighbours with a value; NaN when there is none.
double mean_of_neighbours(const Region& known, const std::vector<double>& values, std::int64_t x, std::int64_t y) {
  double sum = 0.0;
  int n = 0;
  for (std::int64_t j = std::max<std::int64_t>(y - 1, 0); j <= std::min(y + 1, known.n_y - 1); ++j) {
    for (std::int64_t i = std::max<std::int64_t>(x - 1, 0); i <= std::min(x + 1, known.n_x - 1); ++i) {
      if (!known.inside[known.index(i, j)]) continue;
      sum += values[known.index(i, j)];
      ++n;
    }
  }
  return sum / n;
}

/// Gives pixels of the area without value the mean of the neighbours that have one, ring after ring.
void fill_gaps(const FlatWindow& window, std::vector<double>& values) {
  Region known{window.n_x, window.n_y, window.valid};
  std::vector<std::size_t> filled;
  do {
    filled.clear();
    for (std::int64_t y = 0; y < window.n_y; ++y) {
      for (std::int64_t x = 0; x < window.n_x; ++x) {
        const std::size_t here = known.index(x, y);
        if (known.inside[here] || window.taper[here] == 0.0) continue;
        values[here] = mean_of_neighbours(known, values, x, y);
        if (std::isfinite(values[here])) filled.push_back(here);
      }
    }
    for (const std::size_t index : filled) known.inside[index] = true;
  } while (!filled.empty());
}

}  // namespace

PixelSize pixel_size_at(const Wcs& wcs, double x, double y) {
  return {separation_rad(wcs, {x - 0.5, x + 0.5}, {y, y}), separation_rad(wcs, {x, x}, {y - 0.5, y + 0.5})};
}

FlatWindow make_window(const Wcs& wcs, const std::vector<bool>& valid, std::int64_t closed_pixels,
                       std::int64_t taper_pixels) {
  if (std::ranges::find(valid, true) == valid.end()) {
    throw ObservationError("no pixel has both a map and an injected sky");
  }
  const Region mapped{wcs.n_x(), wcs.n_y(), valid};
  const Region area = closed(mapped, closed_pixels);
  const std::vector<std::int64_t> to_edge = distance_to(area, false, true);
  FlatWindow window = bounding_window(area);
  const PixelSize size = pixel_size_at(wcs, static_cast<double>(window.x_begin) + 0.5 * static_cast<double>(window.n_x),
                                       static_cast<double>(window.y_begin) + 0.5 * static_cast<double>(window.n_y));
  window.pixel_x_rad = size.x_rad;
  window.pixel_y_rad = size.y_rad;
  for (std::int64_t y = window.y_begin; y < window.y_begin + window.n_y; ++y) {
    for (std::int64_t x = window.x_begin; x < window.x_begin + window.n_x; ++x) {
      const std::size_t here = area.index(x, y);
      const double depth = static_cast<double>(to_edge[here]) / static_cast<double>(taper_pixels + 1);
      const double sine = std::sin(0.5 * std::numbers::pi * std::min(1.0, depth));
      window.taper.push_back(area.inside[here] ? sine * sine : 0.0);
      window.valid.push_back(valid[here]);
    }
  }
  return window;
}

std::vector<double> windowed(const FlatWindow& window, std::span<const double> image, std::int64_t image_n_x) {
  std::vector<double> values;
  for (std::int64_t y = window.y_begin; y < window.y_begin + window.n_y; ++y) {
    const auto row = image.subspan(y * image_n_x + window.x_begin, static_cast<std::size_t>(window.n_x));
    values.insert(values.end(), row.begin(), row.end());
  }
  fill_gaps(window, values);
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (window.taper[i] == 0.0) continue;
    sum += window.taper[i] * values[i];
    weight += window.taper[i];
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = window.taper[i] == 0.0 ? 0.0 : window.taper[i] * (values[i] - sum / weight);
  }
  return values;
}

}  // namespace comap
