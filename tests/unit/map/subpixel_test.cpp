#include "map/subpixel.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

constexpr std::int64_t kColumns = 40;

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

TEST(MapSpline, KnowsTheStructureOfAQuadraticSurface) {
  const MapSpline spline(quadratic_map(), kColumns);
  for (const double dx : {-0.5, -0.2, 0.0, 0.31, 0.5}) {
    for (const double dy : {-0.44, 0.0, 0.5}) {
      const double x = 17.0, y = 12.0;
      const auto pixel = static_cast<std::int64_t>(y) * kColumns + static_cast<std::int64_t>(x);
      EXPECT_NEAR(spline.structure_K(pixel, dx, dy), surface(x + dx, y + dy) - surface(x, y), 1e-12);
    }
  }
}

TEST(MapSpline, FillsHolesAndIsFlatOutside) {
  MapPiece map = quadratic_map();
  const std::size_t hole = 10 * 20 + 10;
  map.pixel.erase(map.pixel.begin() + hole);
  map.destriped_K.erase(map.destriped_K.begin() + hole);
  const MapSpline spline(map, kColumns);
  const double x = 19.0, y = 15.0;  // beside the hole
  const auto pixel = static_cast<std::int64_t>(y) * kColumns + static_cast<std::int64_t>(x);
  EXPECT_NEAR(spline.structure_K(pixel, 0.4, 0.0), surface(x + 0.4, y) - surface(x, y), 0.03);
  EXPECT_EQ(spline.structure_K(2 * kColumns + 3, 0.4, 0.4), 0.0);
  EXPECT_EQ(MapSpline(MapPiece{}, kColumns).structure_K(0, 0.4, 0.4), 0.0);
}

TEST(MapSpline, SamplesOffTheMapHaveNoStructure) {
  const MapSpline spline(quadratic_map(), kColumns);
  const std::vector<std::int32_t> pixel = {-1, 12 * kColumns + 17};
  const std::vector<WithinPixel> within = {{100, 100}, {127, -127}};
  const std::vector<float> structure_K = subpixel_structure(spline, pixel, within);
  EXPECT_EQ(structure_K[0], 0.0F);
  EXPECT_NEAR(structure_K[1], surface(17.5, 11.5) - surface(17.0, 12.0), 1e-6);
}

}  // namespace
}  // namespace comap
