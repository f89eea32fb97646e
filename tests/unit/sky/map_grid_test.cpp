#include "sky/map_grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.hpp"
#include "support/csv.hpp"

namespace comap {
namespace {

WcsDefinition small_car() { return {{5, 4}, {3.0, 2.0}, {-1.0, 1.0}, {10.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}}; }

// Written by the equations of the HEALPix paper (tests/support/outside/make_healpix_pixels.py), not by its library.
TEST(HealpixGrid, PixelsAndPlacesWithinThemAreThoseOfThePaper) {
  constexpr float kStep = 1.0F / 256;
  const auto columns = test::read_csv_columns("sky/healpix_pixels.csv");
  ASSERT_EQ(columns.size(), 6U);
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    const MapGrid grid(HealpixDefinition{static_cast<int>(columns[0][i]), SkyFrame::galactic});
    std::vector<std::int64_t> pixel(1);
    std::vector<float> x(1), y(1);
    grid.pixel_index(std::span(columns[1]).subspan(i, 1), std::span(columns[2]).subspan(i, 1), pixel, x, y);
    EXPECT_EQ(pixel[0], static_cast<std::int64_t>(columns[3][i])) << "line " << i;
    EXPECT_NEAR(x[0], columns[4][i], kStep) << "line " << i;
    EXPECT_NEAR(y[0], columns[5][i], kStep) << "line " << i;
  }
}

TEST(HealpixGrid, HasNoPixelForNan) {
  const MapGrid grid(HealpixDefinition{4, SkyFrame::icrs});
  EXPECT_EQ(grid.frame(), SkyFrame::icrs);
  EXPECT_EQ(grid.n_pixels(), 192);
  EXPECT_EQ(grid.n_columns(), 0);
  const std::vector<double> longitude = {std::nan(""), 10.0, 10.0}, latitude = {0.0, std::nan(""), 91.0};
  std::vector<std::int64_t> pixel(3);
  std::vector<float> x(3), y(3);
  grid.pixel_index(longitude, latitude, pixel, x, y);
  EXPECT_EQ(pixel, (std::vector<std::int64_t>{-1, -1, -1}));
}

TEST(HealpixGrid, RefusesOtherNsides) {
  for (const int nside : {0, -4, 3, 100, 16384}) {
    EXPECT_THROW(MapGrid(HealpixDefinition{nside, SkyFrame::galactic}), ConfigError) << nside;
  }
}

// Pixels 0, 1, 2, 3 of nside 2 are (0, 0), (1, 0), (0, 1), (1, 1) in their square.
TEST(MapGrid, NeighboursStandInOrder) {
  const MapGrid healpix(HealpixDefinition{2, SkyFrame::galactic});
  const auto around_0 = healpix.neighbours(0);
  EXPECT_EQ(around_0[4], 1);
  EXPECT_EQ(around_0[2], 2);
  EXPECT_EQ(around_0[3], 3);
  EXPECT_EQ(healpix.neighbours(48)[4], 49) << "second map on the grid";

  const MapGrid car(small_car());
  EXPECT_EQ(car.neighbours(6), (std::array<std::int64_t, 8>{5, 10, 11, 12, 7, 2, 1, 0}));
  EXPECT_EQ(car.neighbours(0), (std::array<std::int64_t, 8>{-1, -1, 5, 6, 1, -1, -1, -1}));
  EXPECT_EQ(car.neighbours(26)[4], 27);
  EXPECT_EQ(car.neighbours(20)[0], -1);
}

// At eight points of the sphere three squares meet; the three pixels there have seven neighbours.
TEST(MapGrid, NeighboursGoOnAcrossTheSeamOfAClosedGrid) {
  const MapGrid grid(WcsDefinition{{360, 3}, {180.0, 2.0}, {-1.0, 1.0}, {0.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  EXPECT_TRUE(grid.is_closed());
  EXPECT_EQ(grid.neighbours(360)[0], 719) << "west of the first pixel of a row is its last";
  EXPECT_EQ(grid.neighbours(719)[4], 360);
  EXPECT_EQ(grid.neighbours(0)[7], -1);
}

TEST(MapGrid, NeighboursOnTheSphereAreMutual) {
  const MapGrid grid(HealpixDefinition{4, SkyFrame::galactic});
  int n_missing = 0;
  for (std::int64_t pixel = 0; pixel < grid.n_pixels(); ++pixel) {
    for (const std::int64_t neighbour : grid.neighbours(pixel)) {
      n_missing += neighbour < 0;
      if (neighbour < 0) continue;
      const auto back = grid.neighbours(neighbour);
      EXPECT_NE(std::find(back.begin(), back.end(), pixel), back.end()) << pixel << " " << neighbour;
    }
  }
  EXPECT_EQ(n_missing, 24);
}

TEST(MapGrid, CentresLieInTheMiddleOfTheirPixels) {
  for (const GridDefinition& definition :
       {GridDefinition(HealpixDefinition{16, SkyFrame::galactic}), GridDefinition(small_car())}) {
    const MapGrid grid(definition);
    const std::vector<std::int64_t> wanted = {0, 7, grid.n_pixels() - 1, grid.n_pixels() + 7};
    std::vector<double> longitude(4), latitude(4);
    grid.pixel_centres(wanted, longitude, latitude);
    std::vector<std::int64_t> pixel(4);
    std::vector<float> x(4), y(4);
    grid.pixel_index(longitude, latitude, pixel, x, y);
    EXPECT_EQ(pixel, (std::vector<std::int64_t>{0, 7, grid.n_pixels() - 1, 7}));
    for (const auto* within : {&x, &y}) {
      for (const float coordinate : *within) EXPECT_NEAR(coordinate, 0.0F, 0.003F);
    }
  }
}

}  // namespace
}  // namespace comap
