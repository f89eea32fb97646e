#include "sky/branchless_angles.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace comap {
namespace {

constexpr double kTolerance_rad = 1e-11;

TEST(BranchlessAngles, SineAndCosineAreThoseOfTheStandardLibrary) {
  for (double angle_deg = -725.0; angle_deg < 725.0; angle_deg += 0.0371) {
    const auto [sine, cosine] = sine_cosine_deg(angle_deg);
    EXPECT_NEAR(sine, std::sin(angle_deg * kDegree_rad), kTolerance_rad) << angle_deg;
    EXPECT_NEAR(cosine, std::cos(angle_deg * kDegree_rad), kTolerance_rad) << angle_deg;
  }
  for (const double angle_deg : {-450.0, -90.0, 0.0, 45.0, 90.0, 180.0, 270.0, 360.0}) {
    EXPECT_NEAR(sine_cosine_deg(angle_deg).sine, std::sin(angle_deg * kDegree_rad), kTolerance_rad);
  }
}

TEST(BranchlessAngles, ArcTangentIsThatOfTheStandardLibrary) {
  for (double angle_deg = 0.0; angle_deg <= 90.0; angle_deg += 0.0093) {
    const double a = std::fabs(std::cos(angle_deg * kDegree_rad)), b = std::sin(angle_deg * kDegree_rad);
    EXPECT_NEAR(angle_in_first_quadrant(3.7 * a, 3.7 * b), std::atan2(b, a), kTolerance_rad) << angle_deg;
  }
  EXPECT_EQ(angle_in_first_quadrant(1.0, 0.0), 0.0);
  EXPECT_NEAR(angle_in_first_quadrant(0.0, 2.0), std::atan2(2.0, 0.0), kTolerance_rad);
}

TEST(BranchlessAngles, NanStaysNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(sine_cosine_deg(nan).sine));
  EXPECT_TRUE(std::isnan(sine_cosine_deg(nan).cosine));
  EXPECT_TRUE(std::isnan(angle_in_first_quadrant(nan, nan)));
}

}  // namespace
}  // namespace comap
