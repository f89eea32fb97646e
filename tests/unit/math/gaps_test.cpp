#include "math/gaps.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/constants.hpp"

namespace comap {
namespace {

TEST(Gaps, AreBridgedByAStraightLine) {
  std::vector<double> series = {kNan, 1.0, kNan, kNan, 4.0, kNan};
  EXPECT_EQ(bridge_gaps(series), 2U);
  EXPECT_EQ(series, (std::vector<double>{1.0, 1.0, 2.0, 3.0, 4.0, 4.0}));
}

TEST(Gaps, LongOnesGoBetweenMeans) {
  const std::vector<double> noisy = {1.0, 3.0, kNan, kNan, kNan, 7.0, 5.0, kNan, 2.0};
  std::vector<double> series = noisy;
  bridge_gaps(series, 2);
  EXPECT_EQ(series, (std::vector<double>{1.0, 3.0, 3.0, 4.0, 5.0, 7.0, 5.0, 3.5, 2.0}));
  series = noisy;
  bridge_gaps(series, 3);
  EXPECT_EQ(series[3], 5.0) << "three are not more than three";
}

TEST(Gaps, OfAnglesGoTheShortWay) {
  std::vector<double> angle = {350.0, 0.0, 0.0, 20.0};
  bridge_missing(angle, std::vector<std::uint8_t>{0, 1, 1, 0}, 360.0);
  EXPECT_EQ(angle, (std::vector<double>{350.0, 360.0, 370.0, 20.0}));
}

}  // namespace
}  // namespace comap
