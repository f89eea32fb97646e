#include "map/prepare_scan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> white_noise(std::size_t n, double sigma, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, sigma);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(normal(random));
  return values;
}

TEST(PairDifferenceRms, IsTheSigmaOfWhiteNoiseOnALevelWithDrift) {
  std::vector<float> values = white_noise(20000, 0.01, 1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 40.0F + 1e-5F * static_cast<float>(i);
  EXPECT_NEAR(pair_difference_rms(values), 0.01, 0.0003);
}

TEST(PairDifferenceRms, TakesOnlyPairsOfFiniteSamples) {
  // Pairs (1, 2), (NaN, 9), (4, 2), (5, 5): differences -1, 2, 0; median 0, absolute deviations 1, 2, 0, MAD 1.
  const std::vector<float> values = {1, 2, kNan, 9, 4, 2, 5, 5, 7};
  EXPECT_NEAR(pair_difference_rms(values), 1.4826 / std::sqrt(2.0), 1e-6);
  EXPECT_TRUE(std::isnan(pair_difference_rms(std::vector<float>{1, 2, kNan, 3})));
}

TEST(BridgeGaps, DrawsStraightLines) {
  std::vector<float> values = {kNan, 2, kNan, kNan, 8, kNan};
  bridge_gaps(values);
  EXPECT_EQ(values, (std::vector<float>{2, 2, 4, 6, 8, 8}));
  std::vector<float> nothing = {kNan, kNan};
  bridge_gaps(nothing);
  EXPECT_TRUE(std::isnan(nothing[0]) && std::isnan(nothing[1]));
}

TEST(Glitches, EverySpikeOfOneSampleIsFoundAndNothingElse) {
  HalfBandSum sum(6000);
  for (unsigned band = 0; band < 8; ++band) {
    std::vector<float> noise = white_noise(6000, 0.01, 10 + band);
    for (const std::size_t at : {std::size_t{2}, std::size_t{1500}, std::size_t{5997}}) noise[at] += 0.2F;
    sum.add(noise);
  }
  EXPECT_EQ(find_glitches(sum.values(), 6.0), (std::vector<std::int64_t>{2, 1500, 5997}));
  EXPECT_TRUE(find_glitches(sum.values(), 0.0).empty());
}

// TauA in a beam of 6.6 samples rms is 600 times the noise of a half band and must lose no sample.
TEST(Glitches, ABrightSourceIsNotCut) {
  HalfBandSum sum(4000);
  for (unsigned band = 0; band < 8; ++band) {
    std::vector<float> values = white_noise(4000, 0.01, 20 + band);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double x = (static_cast<double>(i) - 2000.3) / 6.6;
      values[i] += static_cast<float>(6.0 * std::exp(-0.5 * x * x));
    }
    sum.add(values);
  }
  EXPECT_TRUE(find_glitches(sum.values(), 6.0).empty());
}

TEST(Glitches, AHalfBandWithoutDataDoesNotHideThem) {
  HalfBandSum sum(1000);
  std::vector<float> noise = white_noise(1000, 0.01, 30);
  noise[400] += 1.0F;
  for (std::size_t i = 600; i < 605; ++i) noise[i] = kNan;
  sum.add(noise);
  sum.add(std::vector<float>(1000, kNan));
  EXPECT_EQ(find_glitches(sum.values(), 6.0), (std::vector<std::int64_t>{400}));
}

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
