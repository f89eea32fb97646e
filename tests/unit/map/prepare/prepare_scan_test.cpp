#include "map/prepare/prepare_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/constants.hpp"
#include "support/white_noise.hpp"

namespace comap {
namespace {

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

// Noise on cubic curves of time, azimuth and elevation: the noise is left, less ten parameters.
TEST(Polynomials, AreTakenOffInTimeAzimuthAndElevation) {
  const std::vector<float> noise = white_noise(2000, 0.02, 41);
  std::vector<float> tod = noise;
  std::vector<double> azimuth_deg, elevation_deg;
  for (std::size_t i = 0; i < tod.size(); ++i) {
    const auto time = static_cast<double>(i);
    azimuth_deg.push_back(180.0 + 2.0 * std::sin(0.031 * time));
    elevation_deg.push_back(50.0 + std::cos(0.017 * time));
    const double azimuth = azimuth_deg.back() - 180.0, elevation = elevation_deg.back() - 50.0;
    tod[i] += static_cast<float>(5.0 + 1e-9 * time * time * time + 0.3 * azimuth * azimuth - 0.2 * azimuth +
                                 0.4 * elevation * elevation * elevation);
  }
  tod[100] = kFloatNan;
  subtract_polynomials(tod, azimuth_deg, elevation_deg);
  EXPECT_TRUE(std::isnan(tod[100]));
  double square = 0.0;
  for (std::size_t i = 0; i < tod.size(); ++i) {
    if (i != 100) square += std::pow(tod[i] - noise[i], 2);
  }
  // What the fit takes of the noise: ten parameters of 2000.
  EXPECT_LT(std::sqrt(square / 2000.0), 0.02 * std::sqrt(25.0 / 2000.0));
}

TEST(PrepareScan, TakesMedianOffAndWeighsByTheNoise) {
  std::vector<float> tod = white_noise(4000, 0.02, 40);
  for (float& value : tod) value += 41.5F;
  tod[7] = kFloatNan;
  tod[9] = 300.0F;
  const double weight_per_K2 = prepare_scan(tod, std::vector<std::int64_t>{9}, 0.5);

  EXPECT_NEAR(weight_per_K2, 1.0 / (0.02 * 0.02), 0.1 / (0.02 * 0.02));
  EXPECT_TRUE(std::isnan(tod[7]));
  EXPECT_TRUE(std::isnan(tod[9]));
  double sum = 0.0;
  for (const float value : tod) sum += std::isfinite(value) ? value : 0.0F;
  EXPECT_NEAR(sum / 3998.0, 0.0, 0.002);
  EXPECT_EQ(std::ranges::count_if(tod, [](float value) { return std::isfinite(value); }), 3998);
}

TEST(PrepareScan, DropsAScanWithTooFewGoodSamplesOrWithoutNoise) {
  std::vector<float> tod = white_noise(1000, 0.02, 50);
  std::fill(tod.begin(), tod.begin() + 501, kFloatNan);
  EXPECT_EQ(prepare_scan(tod, {}, 0.5), 0.0);

  std::vector<float> constant(1000, 0.0F);
  EXPECT_EQ(prepare_scan(constant, {}, 0.5), 0.0);
}

}  // namespace
}  // namespace comap
