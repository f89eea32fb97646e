#include "map/prepare/scan_track.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace comap {
namespace {

/// Sweeps of 2 degrees, a minute of arc apart, over a strip of `width_deg`, turned by `angle_deg`.
ScanTrack sweeps(double angle_deg, double width_deg) {
  const double angle = angle_deg * std::numbers::pi / 180.0;
  std::vector<double> x, y;
  for (int i = 0; i < 10000; ++i) {
    const double along = std::abs(std::remainder(i * 0.02, 4.0)), across = width_deg * i / 10000.0;
    // Across longitude 0, where a step from 359 to 1 degree is one of 2.
    x.push_back(std::fmod(360.5 + along * std::cos(angle) - across * std::sin(angle), 360.0));
    y.push_back(along * std::sin(angle) + across * std::cos(angle));
  }
  return scan_track(x, y);
}

TEST(ScanTrack, WidthIsThatOfTheStrip) {
  for (const double angle : {0.0, 30.0, 90.0, 140.0}) {
    const ScanTrack track = sweeps(angle, 0.4);
    EXPECT_NEAR(track.width_deg(), 0.4, 0.01) << angle;
    EXPECT_LT(track.crossing_deg(), 3.0) << angle;
  }
}

TEST(ScanTrack, CrossingIsTheAngleBetweenTwoSets) {
  for (const double angle : {20.0, 45.0, 80.0}) {
    ScanTrack both = sweeps(10.0, 0.4);
    both.add(sweeps(10.0 + angle, 0.2));
    EXPECT_NEAR(both.crossing_deg(), angle, 1.0);
    EXPECT_NEAR(both.width_deg(), 0.3, 0.01);
  }
}

TEST(ScanTrack, NothingFiniteIsNoTrack) {
  const std::vector<double> nan(5, std::nan(""));
  EXPECT_TRUE(std::isnan(scan_track(nan, nan).width_deg()));
  EXPECT_TRUE(std::isnan(ScanTrack().crossing_deg()));
}

}  // namespace
}  // namespace comap
