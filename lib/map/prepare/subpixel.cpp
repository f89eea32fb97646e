#include "map/prepare/subpixel.hpp"

namespace comap {
namespace {

/// Values of a pixel and its neighbours, [y][x].
using Patch = std::array<std::array<double, 3>, 3>;

/// Mean over the neighbours of a pixel that have a value; `otherwise` when none has.
double mean_around(std::int64_t pixel, const HitPixels& hit, std::span<const double> value_K, const MapGrid& grid,
                   double otherwise) {
  double sum = 0.0, n = 0.0;
  for (const std::int64_t neighbour : grid.neighbours(pixel)) {
    const std::size_t place = hit.place(neighbour);
    if (place == HitPixels::kNone) continue;
    sum += value_K[place];
    n += 1.0;
  }
  return n > 0.0 ? sum / n : otherwise;
}

Patch patch_of(std::size_t place, const HitPixels& hit, std::span<const double> value_K, const MapGrid& grid) {
  Patch patch{};
  const double centre = value_K[place];
  patch[1][1] = centre;
  const auto neighbours = grid.neighbours(hit.pixel()[place]);
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    const int y = 1 + kNeighbourY[i], x = 1 + kNeighbourX[i];
    double& value = patch[y][x];
    const std::size_t found = hit.place(neighbours[i]);
    if (found != HitPixels::kNone) {
      value = value_K[found];
    } else {
      value = neighbours[i] < 0 ? centre : mean_around(neighbours[i], hit, value_K, grid, centre);
    }
  }
  return patch;
}

/// The quadratic B-spline of three values at t from the middle one, as factors of 1, t, t^2.
std::array<double, 3> spline(double before, double middle, double after) {
  return {(before + 6.0 * middle + after) / 8.0, (after - before) / 2.0, (before - 2.0 * middle + after) / 2.0};
}

}  // namespace

MapSurface::MapSurface(const MapPiece& map, const MapGrid& grid) : hit_(map.pixel) {
  polynomial_.reserve(hit_.size());
  for (std::size_t place = 0; place < hit_.size(); ++place) {
    const Patch patch = patch_of(place, hit_, map.destriped_K, grid);
    std::array<std::array<double, 3>, 3> along_x{};  // [y][power of x]
    for (std::size_t y = 0; y < 3; ++y) along_x[y] = spline(patch[y][0], patch[y][1], patch[y][2]);
    Polynomial& polynomial = polynomial_.emplace_back();
    for (std::size_t power = 0; power < 3; ++power) {
      const auto along_y = spline(along_x[0][power], along_x[1][power], along_x[2][power]);
      if (power > 0) polynomial[power - 1] = static_cast<float>(along_y[0]);
      polynomial[2 + power] = static_cast<float>(along_y[1]);
      polynomial[5 + power] = static_cast<float>(along_y[2]);
    }
  }
}

double MapSurface::structure_K(std::int64_t pixel, double x, double y) const {
  const std::size_t place = hit_.place(pixel);
  if (place == HitPixels::kNone) return 0.0;
  const Polynomial& c = polynomial_[place];
  const double x2 = x * x;
  return c[0] * x + c[1] * x2 + y * (c[2] + c[3] * x + c[4] * x2 + y * (c[5] + c[6] * x + c[7] * x2));
}

LargeVector<float> subpixel_structure(const MapSurface& surface, const LargeVector<std::int32_t>& pixel,
                                      std::span<const WithinPixel> within) {
  LargeVector<float> structure_K(pixel.size(), 0.0F, pixel.get_allocator());
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    passed_over(pixel, 3);
    if (pixel[i] < 0) continue;
    structure_K[i] =
        static_cast<float>(surface.structure_K(pixel[i], within[i][0] / kSubpixelSteps, within[i][1] / kSubpixelSteps));
  }
  return structure_K;
}

}  // namespace comap
