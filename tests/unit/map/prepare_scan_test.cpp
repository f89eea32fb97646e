#include "map/prepare_scan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "support/white_noise.hpp"

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(Elevation, OutsideTheSkyOrNotFiniteIsInvalid) {
  EXPECT_TRUE(elevation_is_valid(std::vector<double>{30.0, 90.0}));
  EXPECT_FALSE(elevation_is_valid(std::vector<double>{30.0, 90.5}));
  EXPECT_FALSE(elevation_is_valid(std::vector<double>{-1.0, 40.0}));
  EXPECT_FALSE(elevation_is_valid(std::vector<double>{40.0, std::nan("")}));
}

TEST(Airmass, IsOneOverSineOfElevationWithoutItsMean) {
  // 1/sin 30 deg = 2, 1/sin 90 deg = 1: mean 1.5.
  const std::vector<float> airmass = airmass_template(std::vector<double>{30.0, 90.0}, 0.1);
  ASSERT_EQ(airmass.size(), 2U);
  EXPECT_NEAR(airmass[0], 0.5, 1e-6);
  EXPECT_NEAR(airmass[1], -0.5, 1e-6);
  EXPECT_TRUE(airmass_template(std::vector<double>{45.0, 45.09}, 0.1).empty());
}

TEST(PrepareScan, TakesMedianOffAndWeighsByTheNoise) {
  std::vector<float> tod = white_noise(4000, 0.02, 40);
  for (float& value : tod) value += 41.5F;
  tod[7] = kNan;
  tod[9] = 300.0F;
  std::vector<std::int32_t> pixel(tod.size(), 5);
  pixel[11] = -1;
  const PreparedScan prepared = prepare_scan(tod, pixel, std::vector<std::int64_t>{9}, 0.5);

  EXPECT_EQ(prepared.n_good, 3998);
  EXPECT_NEAR(prepared.weight_per_K2, 1.0 / (0.02 * 0.02), 0.1 / (0.02 * 0.02));
  EXPECT_EQ(pixel[7], -1);
  EXPECT_EQ(pixel[9], -1);
  EXPECT_EQ(pixel[11], -1);
  EXPECT_EQ(pixel[8], 5);
  EXPECT_EQ(tod[7], 0.0F);
  EXPECT_EQ(tod[9], 0.0F);
  double sum = 0.0;
  for (const float value : tod) sum += value;
  EXPECT_NEAR(sum / 4000.0, 0.0, 0.002);
}

TEST(PrepareScan, DropsAScanWithTooFewGoodSamplesOrWithoutNoise) {
  std::vector<float> tod = white_noise(1000, 0.02, 50);
  std::fill(tod.begin(), tod.begin() + 501, kNan);
  std::vector<std::int32_t> pixel(1000, 3);
  EXPECT_EQ(prepare_scan(tod, pixel, {}, 0.5).weight_per_K2, 0.0);
  EXPECT_EQ(std::count(pixel.begin(), pixel.end(), -1), 1000);
  EXPECT_EQ(std::count(tod.begin(), tod.end(), 0.0F), 1000);

  std::vector<float> constant(1000, 0.0F);
  pixel.assign(1000, 3);
  EXPECT_EQ(prepare_scan(constant, pixel, {}, 0.5).weight_per_K2, 0.0);
  EXPECT_EQ(pixel[0], -1);
}

}  // namespace
}  // namespace comap
