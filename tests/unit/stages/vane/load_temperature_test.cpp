// Which sensor of the load is believed.

#include "stages/vane/load_temperature.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/small_level1.hpp"

namespace comap {
namespace {

constexpr std::size_t kRows = 10;

/// Ten rows and ten samples of the same times; sensors constant, NaN = the file has no weather.
Level1Metadata level1_with(double shroud_C, double vane_C, double ambient_C, double air_C) {
  Level1Metadata level1;
  for (std::size_t i = 0; i < kRows; ++i) {
    level1.mjd.push_back(test::kStartMjd + static_cast<double>(i) / kSecondsPerDay);
    level1.vane.utc_mjd.push_back(level1.mjd.back() + kHousekeepingDelay_s / kSecondsPerDay);
  }
  level1.vane.shroud_temperature_C.assign(kRows, shroud_C);
  level1.vane.vane_temperature_C.assign(kRows, vane_C);
  level1.vane.ambient_temperature_C.assign(kRows, ambient_C);
  if (std::isfinite(air_C)) level1.air_temperature_C.assign(kRows, air_C);
  return level1;
}

LoadTemperature load_of(const Level1Metadata& level1) { return load_temperature(level1, {0, kRows}, {}); }

struct Expected {
  double shroud_C, vane_C, ambient_C, air_C;
  double load_C;
  bool is_trouble;
};

TEST(LoadTemperature, TheSensorWithWhichMostAgree) {
  const double none = std::nan("");
  for (const Expected& c : {Expected{18.0, 18.1, 15.0, 15.0, 18.0, false},
                            {18.0, 18.1, 0.0, none, 18.0, false},
                            {18.0, 18.1, 40.0, none, 18.0, true},
                            {0.0, 18.1, 15.0, 15.0, 18.1, true},
                            {-999.0, 18.1, 15.0, none, 18.1, true},
                            {3.0, 18.1, 15.0, 15.0, 18.1, true},
                            {40.0, 18.1, 15.0, 15.0, 18.1, true},
                            {0.0, 0.0, 15.0, 14.0, 15.0, true},
                            {0.0, 0.0, 0.0, 14.0, 14.0, true},
                            {18.0, 0.0, 0.0, none, 18.0, true},
                            {18.0, 18.1, -5.0, -6.0, 18.0, true},
                            {2.1e7, none, 15.0, 15.0, 15.0, true}}) {
    const LoadTemperature load = load_of(level1_with(c.shroud_C, c.vane_C, c.ambient_C, c.air_C));
    EXPECT_DOUBLE_EQ(load.temperature_K, c.load_C + 273.15);
    EXPECT_EQ(load.trouble.has_value(), c.is_trouble) << c.shroud_C << " " << c.vane_C << " " << c.ambient_C;
  }
}

TEST(LoadTemperature, NothingIsBelievedThatNothingConfirms) {
  EXPECT_TRUE(std::isnan(load_of(level1_with(18.0, 40.0, -10.0, std::nan(""))).temperature_K));
  EXPECT_TRUE(std::isnan(load_of(level1_with(0.0, 0.0, -999.0, std::nan(""))).temperature_K));
}

TEST(LoadTemperature, WildRowsDoNotMatter) {
  Level1Metadata level1 = level1_with(18.0, 18.1, 15.0, 15.0);
  level1.vane.shroud_temperature_C[3] = 2.1e7;
  level1.vane.shroud_temperature_C[4] = 0.0;
  level1.vane.shroud_temperature_C[5] = std::nan("");
  EXPECT_DOUBLE_EQ(load_of(level1).temperature_K, 18.0 + 273.15);
  EXPECT_FALSE(load_of(level1).trouble.has_value());
  const std::vector<Trouble> troubles = odd_temperatures(level1, {});
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_NE(describe(troubles[0]).find("hk/antenna0/vane/Tshroud: 2 of 10 rows"), std::string::npos);
  EXPECT_TRUE(odd_temperatures(level1_with(18.0, 18.1, 15.0, 15.0), {}).empty());
}

TEST(LoadTemperature, OnlyTheRowsOfTheEventCount) {
  Level1Metadata level1 = level1_with(18.0, 18.1, 15.0, 15.0);
  level1.vane.shroud_temperature_C = {18.0, 18.0, 18.0, 18.0, 19.0, 19.0, 19.0, 19.0, 19.0, 19.0};
  EXPECT_DOUBLE_EQ(load_temperature(level1, {0, 4}, {}).temperature_K, 18.0 + 273.15);
  EXPECT_DOUBLE_EQ(load_temperature(level1, {4, 10}, {}).temperature_K, 19.0 + 273.15);
}

}  // namespace
}  // namespace comap
