#include "map/prepare/subpixel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr std::int64_t kColumns = 40;

MapGrid car() {
  return MapGrid(WcsDefinition{{kColumns, 30}, {1.0, 1.0}, {-0.1, 0.1}, {30.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
}

/// A quadratic surface: smoothing adds a constant to it, so its differences are exact.
double surface(double x, double y) { return 0.3 * x - 0.7 * y + 0.02 * x * x - 0.05 * x * y + 0.01 * y * y; }

MapPiece quadratic_map() {
  MapPiece map;
  for (std::int64_t y = 5; y < 25; ++y) {
    for (std::int64_t x = 10; x < 30; ++x) {
      map.pixel.push_back(y * kColumns + x);
      map.destriped_K.push_back(surface(static_cast<double>(x), static_cast<double>(y)));
    }
  }
  return map;
}

TEST(MapSurface, KnowsTheStructureOfAQuadraticSurface) {
  const MapSurface map(quadratic_map(), car());
  for (const double dx : {-0.5, -0.2, 0.0, 0.31, 0.5}) {
    for (const double dy : {-0.44, 0.0, 0.5}) {
      const double x = 17.0, y = 12.0;
      const auto pixel = static_cast<std::int64_t>(y) * kColumns + static_cast<std::int64_t>(x);
      EXPECT_NEAR(map.structure_K(pixel, dx, dy), surface(x + dx, y + dy) - surface(x, y), 1e-6);
    }
  }
}

TEST(MapSurface, FillsHolesAndIsFlatOutside) {
  MapPiece map = quadratic_map();
  const std::size_t hole = 10 * 20 + 10;
  map.pixel.erase(map.pixel.begin() + hole);
  map.destriped_K.erase(map.destriped_K.begin() + hole);
  const MapSurface filled(map, car());
  const double x = 19.0, y = 15.0;  // beside the hole
  const auto pixel = static_cast<std::int64_t>(y) * kColumns + static_cast<std::int64_t>(x);
  EXPECT_NEAR(filled.structure_K(pixel, 0.4, 0.0), surface(x + 0.4, y) - surface(x, y), 0.03);
  EXPECT_EQ(filled.structure_K(2 * kColumns + 3, 0.4, 0.4), 0.0);
  EXPECT_EQ(MapSurface(MapPiece{}, car()).structure_K(0, 0.4, 0.4), 0.0);
}

TEST(MapSurface, SamplesOffTheMapHaveNoStructure) {
  const MapSurface map(quadratic_map(), car());
  const LargeVector<std::int32_t> pixel = {-1, 12 * kColumns + 17};
  const std::vector<WithinPixel> within = {{100, 100}, {127, -127}};
  const LargeVector<float> structure_K = subpixel_structure(map, pixel, within);
  EXPECT_EQ(structure_K[0], 0.0F);
  EXPECT_NEAR(structure_K[1], surface(17.5, 11.5) - surface(17.0, 12.0), 1e-6);
}

/// A beam of 4.5 arcmin FWHM.
double beam(SkyPosition at, SkyPosition centre) {
  const double sigma_deg = 4.5 / 60.0 / 2.3548;
  const double x =
      std::remainder(at.longitude_deg - centre.longitude_deg, 360.0) * std::cos(centre.latitude_deg * kDegree_rad);
  const double y = at.latitude_deg - centre.latitude_deg;
  return std::exp(-0.5 * (x * x + y * y) / (sigma_deg * sigma_deg));
}

/// Rms over positions around a source of what the surface leaves of its structure, over the structure's own.
double left_over(const HealpixGrid& healpix, const MapGrid& grid, SkyPosition source) {
  constexpr int kSide = 61;
  std::vector<double> longitude_deg, latitude_deg;
  for (int i = 0; i < kSide * kSide; ++i) {
    longitude_deg.push_back(source.longitude_deg + 0.0037 * (i % kSide - kSide / 2));
    latitude_deg.push_back(source.latitude_deg + 0.0031 * (i / kSide - kSide / 2));
  }
  std::vector<std::int64_t> pixel(longitude_deg.size());
  std::vector<float> x(pixel.size()), y(pixel.size());
  grid.pixel_index(longitude_deg, latitude_deg, pixel, x, y);
  MapPiece map;
  map.pixel = pixel;
  std::ranges::sort(map.pixel);
  map.pixel.erase(std::unique(map.pixel.begin(), map.pixel.end()), map.pixel.end());
  for (const std::int64_t hit : map.pixel) map.destriped_K.push_back(beam(healpix.pixel_centre(hit), source));
  const MapSurface surface(map, grid);
  double left = 0.0, all = 0.0;
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    const double structure =
        beam({longitude_deg[i], latitude_deg[i]}, source) - beam(healpix.pixel_centre(pixel[i]), source);
    left += std::pow(structure - surface.structure_K(pixel[i], x[i], y[i]), 2);
    all += structure * structure;
  }
  return std::sqrt(left / all);
}

// Near the middle of a square, on the border of two in the north, where three meet, and at the equator.
TEST(MapSurface, KnowsTheStructureOfABeamOnTheSphere) {
  const HealpixGrid healpix({4096, SkyFrame::galactic});
  const MapGrid grid(healpix.definition());
  EXPECT_LT(left_over(healpix, grid, {47.0, 30.0}), 0.2);
  EXPECT_LT(left_over(healpix, grid, {90.0, 60.0}), 0.3);
  EXPECT_LT(left_over(healpix, grid, {90.0, 41.8103}), 0.3);
  EXPECT_LT(left_over(healpix, grid, {0.0, 0.0}), 0.2);
}

}  // namespace
}  // namespace comap
