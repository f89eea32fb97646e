#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/message.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

constexpr double kArcmin_deg = 1.0 / 60.0;

PointingExtent extent_of(const std::vector<double>& longitude_deg, const std::vector<double>& latitude_deg) {
  PointingExtent extent;
  extent.add(longitude_deg, latitude_deg);
  return extent;
}

void expect_same(const WcsDefinition& a, const WcsDefinition& b) {
  EXPECT_EQ(a.naxis, b.naxis);
  EXPECT_EQ(a.crpix, b.crpix);
  EXPECT_EQ(a.crval_deg, b.crval_deg);
}

/// Every position must lie on the grid, at least `margin_pixels` from its border and not more than that plus two.
void expect_fits(const WcsDefinition& definition, const std::vector<double>& l, const std::vector<double>& b,
                 double margin_pixels) {
  const Wcs wcs(definition);
  std::vector<double> x(l.size()), y(l.size());
  wcs.sky_to_pixel(l, b, x, y);
  const auto [x_min, x_max] = std::ranges::minmax(x);
  const auto [y_min, y_max] = std::ranges::minmax(y);
  const auto right = static_cast<double>(wcs.n_x() - 1), top = static_cast<double>(wcs.n_y() - 1);
  EXPECT_GE(x_min, margin_pixels - 1e-6);
  EXPECT_GE(y_min, margin_pixels - 1e-6);
  EXPECT_GE(right - x_max, margin_pixels - 1e-6);
  EXPECT_GE(top - y_max, margin_pixels - 1e-6);
  EXPECT_LE(std::min(x_min, right - x_max), margin_pixels + 2.0);
  EXPECT_LE(std::min(y_min, top - y_max), margin_pixels + 2.0);
}

TEST(PointingExtent, DynamicGridHoldsTheFieldWithItsPadding) {
  const std::vector<double> l = {29.0, 31.02, 30.0}, b = {1.2, -0.4, 3.3};
  const WcsDefinition definition = extent_of(l, b).definition(SkyFrame::galactic, 0.5, kArcmin_deg);
  EXPECT_EQ(definition.naxis[0] % 2, 1);
  EXPECT_EQ(definition.naxis[1] % 2, 1);
  EXPECT_EQ(definition.crval_deg[1], 0.0);
  EXPECT_NEAR(definition.crval_deg[0], 30.01, kArcmin_deg);
  EXPECT_EQ(definition.crpix[0], static_cast<double>(definition.naxis[0] + 1) / 2.0);
  EXPECT_EQ(definition.ctype[0], "GLON-CAR");
  EXPECT_LT(definition.cdelt_deg[0], 0.0);
  expect_fits(definition, l, b, 30.0);
  EXPECT_EQ(extent_of(l, b).definition(SkyFrame::icrs, 0.5, kArcmin_deg).ctype[1], "DEC--CAR");
}

TEST(PointingExtent, FieldFarFromTheEquatorHasCrpixOutsideTheMap) {
  const std::vector<double> l = {183.0, 186.0}, b = {-7.0, -4.5};
  const WcsDefinition definition = extent_of(l, b).definition(SkyFrame::galactic, 0.2, 0.05);
  EXPECT_GT(definition.crpix[1], static_cast<double>(definition.naxis[1]));
  expect_fits(definition, l, b, 4.0);
}

TEST(PointingExtent, FieldAcrossZeroIsOnePiece) {
  const std::vector<double> l = {359.2, 0.7, 358.9, 1.1}, b = {0.0, 0.5, -0.5, 0.1};
  const WcsDefinition definition = extent_of(l, b).definition(SkyFrame::galactic, 0.5, kArcmin_deg);
  EXPECT_LT(definition.naxis[0], 200);
  expect_fits(definition, l, b, 30.0);
}

TEST(PointingExtent, DivisionOverRanksDoesNotChangeTheGrid) {
  const std::vector<double> l = {359.2, 0.7, 358.9, 1.1, 2.03}, b = {0.0, 0.5, -0.5, 0.1, 0.77};
  const WcsDefinition whole = extent_of(l, b).definition(SkyFrame::galactic, 0.5, kArcmin_deg);
  for (std::size_t cut = 0; cut <= l.size(); ++cut) {
    const auto at = static_cast<std::ptrdiff_t>(cut);
    const auto first = extent_of({l.begin(), l.begin() + at}, {b.begin(), b.begin() + at});
    const auto second = extent_of({l.begin() + at, l.end()}, {b.begin() + at, b.end()});
    PointingExtent forwards = first, backwards = second;
    forwards.combine(unpack<PointingExtent>(pack(second)));
    backwards.combine(unpack<PointingExtent>(pack(first)));
    expect_same(forwards.definition(SkyFrame::galactic, 0.5, kArcmin_deg), whole);
    expect_same(backwards.definition(SkyFrame::galactic, 0.5, kArcmin_deg), whole);
  }
}

TEST(PointingExtent, NothingFiniteIsEmpty) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PointingExtent extent = extent_of({nan, nan}, {0.0, nan});
  EXPECT_TRUE(extent.empty());
  EXPECT_TRUE(unpack<PointingExtent>(pack(extent)).empty());
  EXPECT_THROW(extent.definition(SkyFrame::galactic, 0.5, kArcmin_deg), ObservationError);
  const PointingExtent some = extent_of({nan, 10.0, 11.0}, {0.0, 1.0, 2.0});
  EXPECT_FALSE(some.empty());
  expect_fits(some.definition(SkyFrame::galactic, 0.0, 0.1), {10.0, 11.0}, {1.0, 2.0}, 0.0);
}

}  // namespace
}  // namespace comap
