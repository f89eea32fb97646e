#include "sky/wcs.hpp"

#include <gtest/gtest.h>
#include <wcslib/wcs.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "support/csv.hpp"

namespace comap {
namespace {

using test::read_csv_columns;

const std::string kDefinitions = std::string(COMAP_TEST_DATA) + "/sky/wcs.toml";

class StoredPixels : public testing::TestWithParam<const char*> {};

TEST_P(StoredPixels, CoordinatesAndIndicesAreThoseOfAstropy) {
  const Wcs wcs(named_wcs(kDefinitions, GetParam()));
  const auto table = read_csv_columns(std::string("sky/pixels_") + GetParam() + ".csv");
  ASSERT_EQ(table.size(), 5U);
  const std::size_t n = table[0].size();
  ASSERT_GE(n, 300U);
  std::vector<double> x(n), y(n), longitude(n), latitude(n);
  std::vector<std::int64_t> index(n);
  wcs.sky_to_pixel(table[0], table[1], x, y);
  wcs.pixel_to_sky(table[2], table[3], longitude, latitude);
  wcs.pixel_index(table[0], table[1], index);
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(x[i], table[2][i], 1e-7);
    EXPECT_NEAR(y[i], table[3][i], 1e-7);
    EXPECT_NEAR(std::remainder(longitude[i] - table[0][i], 360.0), 0.0, 1e-8);
    EXPECT_NEAR(latitude[i], table[1][i], 1e-9);
    EXPECT_EQ(index[i], static_cast<std::int64_t>(table[4][i]));
  }
}

INSTANTIATE_TEST_SUITE_P(Projections, StoredPixels,
                         testing::Values("car", "car_across_zero", "car_oblique", "tan", "sin", "zea"));

/// A WCS set up here by calls of WCSLIB alone.
class PlainWcslib {
 public:
  explicit PlainWcslib(const WcsDefinition& d) {
    wcs_.flag = -1;
    wcsini(1, 2, &wcs_);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      wcs_.crpix[axis] = d.crpix[axis];
      wcs_.cdelt[axis] = d.cdelt_deg[axis];
      wcs_.crval[axis] = d.crval_deg[axis];
      d.ctype[axis].copy(wcs_.ctype[axis], 71);
    }
  }
  ~PlainWcslib() { wcsfree(&wcs_); }
  PlainWcslib(const PlainWcslib&) = delete;
  PlainWcslib& operator=(const PlainWcslib&) = delete;

  std::array<double, 2> pixel(double longitude_deg, double latitude_deg) {
    const double world[2] = {longitude_deg, latitude_deg};
    double phi = 0, theta = 0, image[2] = {}, pixel[2] = {};
    int status = 0;
    EXPECT_EQ(wcss2p(&wcs_, 1, 2, world, &phi, &theta, image, pixel, &status), 0);
    return {pixel[0], pixel[1]};
  }

 private:
  wcsprm wcs_{};
};

TEST(Wcs, FastPathOfCarIsWcslib) {
  for (const char* name : {"car", "car_across_zero"}) {
    const WcsDefinition definition = named_wcs(kDefinitions, name);
    const Wcs wcs(definition);
    PlainWcslib plain(definition);
    std::vector<double> x(1), y(1);
    for (double longitude = -179.7; longitude < 540.0; longitude += 0.7071) {
      for (const double latitude : {-90.0, -1.3, 0.0, 1e-3, 89.9}) {
        wcs.sky_to_pixel({&longitude, 1}, {&latitude, 1}, x, y);
        const auto expected = plain.pixel(longitude, latitude);
        EXPECT_NEAR(x[0], expected[0] - 1.0, 1e-9);
        EXPECT_NEAR(y[0], expected[1] - 1.0, 1e-9);
      }
    }
  }
}

TEST(Wcs, NearestCentreOwnsTheSample) {
  const Wcs wcs({{5, 3}, {3.0, 2.0}, {-1.0, 1.0}, {10.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  const std::vector<double> l = {10.0, 10.49, 10.51, 12.49, 12.51, 7.51, 7.49, 10.0, 10.0, 10.0};
  const std::vector<double> b = {0.0, 0.49, -0.49, 1.49, 0.0, -1.49, 0.0, 1.51, -1.51, 0.51};
  const std::vector<std::int64_t> expected = {7, 7, 6, 10, -1, 4, -1, -1, -1, 12};
  std::vector<std::int64_t> index(l.size());
  wcs.pixel_index(l, b, index);
  EXPECT_EQ(index, expected);
}

TEST(Wcs, UndefinedPositionsHaveNoPixel) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* name : {"car", "tan"}) {
    const Wcs wcs(named_wcs(kDefinitions, name));
    const double l0 = wcs.definition().crval_deg[0], b0 = wcs.definition().crval_deg[1];
    const std::vector<double> l = {nan, l0, l0 + 180.0, l0}, b = {b0, nan, -b0, b0};
    std::vector<double> x(4), y(4);
    std::vector<std::int64_t> index(4);
    wcs.sky_to_pixel(l, b, x, y);
    wcs.pixel_index(l, b, index);
    EXPECT_TRUE(std::isnan(x[0]) && std::isnan(y[0]) && std::isnan(x[1]) && std::isnan(y[1]));
    EXPECT_EQ(index[0], -1);
    EXPECT_EQ(index[1], -1);
    EXPECT_EQ(index[2], -1);  // the far side of the sky
    EXPECT_GE(index[3], 0);
  }
}

TEST(Wcs, FrameFollowsTheAxes) {
  EXPECT_EQ(Wcs(named_wcs(kDefinitions, "car")).frame(), SkyFrame::galactic);
  EXPECT_EQ(Wcs(named_wcs(kDefinitions, "tan")).frame(), SkyFrame::icrs);
}

TEST(Wcs, WrongDefinitionsAreRefused) {
  const WcsDefinition good = named_wcs(kDefinitions, "tan");
  EXPECT_NO_THROW(Wcs{good});
  WcsDefinition wrong = good;
  wrong.ctype = {"RA---QQQ", "DEC--QQQ"};
  EXPECT_THROW(Wcs{wrong}, ConfigError);
  wrong.ctype = {"DEC--TAN", "RA---TAN"};
  EXPECT_THROW(Wcs{wrong}, ConfigError);
  wrong.ctype = {"GLON-TAN", "DEC--TAN"};
  EXPECT_THROW(Wcs{wrong}, ConfigError);
  wrong = good;
  wrong.naxis = {0, 10};
  EXPECT_THROW(Wcs{wrong}, ConfigError);
  wrong.naxis = {100000, 100000};
  EXPECT_THROW(Wcs{wrong}, ConfigError);
  wrong = good;
  wrong.cdelt_deg[1] = 0.0;
  EXPECT_THROW(Wcs{wrong}, ConfigError);
}

// As many headers have it: CRVAL1 = 0 and CRPIX1 far from the grid. Expected pixels by hand: 1 degree each.
TEST(Wcs, GridFarFromItsReferenceLosesNothing) {
  const WcsDefinition far{{100, 10}, {-150.0, 5.0}, {-1.0, 1.0}, {0.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}};
  const Wcs wcs(far);  // first pixel at -151 = 209, last at -250 = 110
  const std::vector<double> l = {209.0, 180.5, 180.0, 179.0, 110.0, 109.0, 210.0}, b(7, 0.0);
  const std::vector<std::int64_t> column = {0, 29, 29, 30, 99, -1, -1};
  std::vector<std::int64_t> index(l.size());
  wcs.pixel_index(l, b, index);
  EXPECT_EQ(index[0], 400);
  for (std::size_t i = 2; i < l.size(); ++i) EXPECT_EQ(index[i], column[i] < 0 ? -1 : 400 + column[i]) << l[i];
  std::vector<double> longitude(2), latitude(2);
  wcs.pixel_to_sky(std::vector{0.0, 99.0}, std::vector{4.0, 4.0}, longitude, latitude);
  EXPECT_NEAR(longitude[0], 209.0, 1e-9);
  EXPECT_NEAR(longitude[1], 110.0, 1e-9);
  EXPECT_NEAR(wcs.definition().crval_deg[0], 159.0, 1.0) << "readers of the header find the grid on the sky, too";
  EXPECT_EQ(Wcs(named_wcs(kDefinitions, "car")).definition().crpix, named_wcs(kDefinitions, "car").crpix);
}

TEST(Wcs, ClosedGridHoldsEveryLongitude) {
  const Wcs wcs({{360, 3}, {180.0, 2.0}, {-1.0, 1.0}, {0.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  EXPECT_TRUE(wcs.is_closed());
  EXPECT_FALSE(Wcs({{359, 3}, {180.0, 2.0}, {-1.0, 1.0}, {0.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}}).is_closed());
  for (double l = -180.0; l < 360.0; l += 0.25) {
    std::int64_t index = -1;
    const double b = 0.0;
    wcs.pixel_index({&l, 1}, {&b, 1}, {&index, 1});
    EXPECT_GE(index, 0) << l;
  }
}

TEST(NamedWcs, ReadsTheTableAndListsKnownNames) {
  const WcsDefinition definition = named_wcs(kDefinitions, "car");
  EXPECT_EQ(definition.naxis, (std::array<std::int64_t, 2>{241, 211}));
  EXPECT_EQ(definition.crpix, (std::array{121.0, 106.0}));
  EXPECT_EQ(definition.crval_deg, (std::array{29.95, 0.0}));
  try {
    named_wcs(kDefinitions, "nowhere");
    FAIL() << "found a WCS that is not in the file";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("car_oblique"), std::string::npos) << error.what();
  }
  EXPECT_THROW(named_wcs("/nowhere/wcs.toml", "car"), ConfigError);
}

}  // namespace
}  // namespace comap
