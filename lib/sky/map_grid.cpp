#include "sky/map_grid.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include "core/constants.hpp"

namespace comap {
namespace {

std::variant<Wcs, HealpixGrid> grid_of(const GridDefinition& definition) {
  if (const auto* wcs = std::get_if<WcsDefinition>(&definition)) return Wcs(*wcs);
  return HealpixGrid(std::get<HealpixDefinition>(definition));
}

void centres(const Wcs& wcs, std::span<const std::int64_t> pixel, std::span<double> longitude_deg,
             std::span<double> latitude_deg) {
  std::vector<double> x, y;
  for (const std::int64_t index : pixel) {
    const std::int64_t row = index / wcs.n_x();
    x.push_back(static_cast<double>(index % wcs.n_x()));
    y.push_back(static_cast<double>(row));
  }
  wcs.pixel_to_sky(x, y, longitude_deg, latitude_deg);
}

void centres(const HealpixGrid& grid, std::span<const std::int64_t> pixel, std::span<double> longitude_deg,
             std::span<double> latitude_deg) {
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    const SkyPosition centre = grid.pixel_centre(pixel[i]);
    longitude_deg[i] = centre.longitude_deg;
    latitude_deg[i] = centre.latitude_deg;
  }
}

std::array<std::int64_t, 8> neighbours_of(const Wcs& wcs, std::int64_t pixel) {
  std::array<std::int64_t, 8> result{};
  const std::int64_t x = pixel % wcs.n_x(), y = pixel / wcs.n_x();
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::int64_t column = x + kNeighbourX[i];
    const std::int64_t row = y + kNeighbourY[i];
    if (wcs.is_closed()) column = (column + wcs.n_x()) % wcs.n_x();
    const bool inside = column >= 0 && column < wcs.n_x() && row >= 0 && row < wcs.n_y();
    result[i] = inside ? row * wcs.n_x() + column : -1;
  }
  return result;
}

std::array<std::int64_t, 8> neighbours_of(const HealpixGrid& grid, std::int64_t pixel) {
  return grid.neighbours(pixel);
}

}  // namespace

MapGrid::MapGrid(const GridDefinition& definition) : grid_(grid_of(definition)) {}

GridDefinition MapGrid::definition() const {
  return std::visit([](const auto& grid) -> GridDefinition { return grid.definition(); }, grid_);
}

SkyFrame MapGrid::frame() const {
  if (const auto* wcs = std::get_if<Wcs>(&grid_)) return wcs->frame();
  return std::get<HealpixGrid>(grid_).definition().frame;
}

std::int64_t MapGrid::n_pixels() const {
  return std::visit([](const auto& grid) { return grid.n_pixels(); }, grid_);
}

std::int64_t MapGrid::n_columns() const {
  const auto* wcs = std::get_if<Wcs>(&grid_);
  return wcs != nullptr ? wcs->n_x() : 0;
}

bool MapGrid::is_closed() const {
  const auto* wcs = std::get_if<Wcs>(&grid_);
  return wcs != nullptr && wcs->is_closed();
}

double MapGrid::pixel_size_deg() const {
  if (const auto* wcs = std::get_if<Wcs>(&grid_)) return std::abs(wcs->definition().cdelt_deg[1]);
  const auto nside = static_cast<double>(std::get<HealpixGrid>(grid_).definition().nside);
  return std::sqrt(std::numbers::pi / 3.0) / nside / kDegree_rad;
}

void MapGrid::pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                          std::span<std::int64_t> index, std::span<float> x_within, std::span<float> y_within) const {
  std::visit([&](const auto& grid) { grid.pixel_index(longitude_deg, latitude_deg, index, x_within, y_within); },
             grid_);
}

void MapGrid::pixel_centres(std::span<const std::int64_t> pixel, std::span<double> longitude_deg,
                            std::span<double> latitude_deg) const {
  std::vector<std::int64_t> on_grid(pixel.begin(), pixel.end());
  for (std::int64_t& index : on_grid) index %= n_pixels();
  std::visit([&](const auto& grid) { centres(grid, on_grid, longitude_deg, latitude_deg); }, grid_);
}

std::array<std::int64_t, 8> MapGrid::neighbours(std::int64_t pixel) const {
  const std::int64_t on_grid = pixel % n_pixels();
  auto result = std::visit([&](const auto& grid) { return neighbours_of(grid, on_grid); }, grid_);
  for (std::int64_t& neighbour : result) {
    if (neighbour >= 0) neighbour += pixel - on_grid;
  }
  return result;
}

}  // namespace comap
