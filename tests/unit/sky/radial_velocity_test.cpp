#include "sky/radial_velocity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/csv.hpp"

namespace comap {
namespace {

// 10 m/s: what first order leaves out and the apex to five digits; a thousandth of it a channel of 2 MHz at 30 GHz.
TEST(RadialVelocity, AgreesWithAstropy) {
  const auto columns = test::read_csv_columns("sky/velocities.csv");
  ASSERT_EQ(columns.size(), 4U);
  const Observer observer;
  double largest = 0.0;
  for (std::size_t i = 0; i < columns[0].size(); ++i) {
    const double velocity_km_s =
        velocity_towards_km_s(observer, columns[0][i], {columns[1][i], columns[2][i]}, SkyFrame::galactic);
    EXPECT_NEAR(velocity_km_s, columns[3][i], 0.01) << "MJD " << columns[0][i];
    largest = std::max(largest, std::abs(columns[3][i]));
  }
  EXPECT_GT(largest, 30.0);
}

TEST(RadialVelocity, IsTheSameInBothFrames) {
  const SkyPosition galactic = {30.0, 5.0};
  EXPECT_NEAR(velocity_towards_km_s({}, 59000.3, galactic, SkyFrame::galactic),
              velocity_towards_km_s({}, 59000.3, galactic_to_icrs(galactic), SkyFrame::icrs), 1e-9);
}

}  // namespace
}  // namespace comap
