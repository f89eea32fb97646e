#include "linemap/cube_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

/// Two samples of a band of five channels at 30.0, 30.1 ... GHz; channel 3 is no good.
LineBand small_band() {
  LineBand band;
  band.channels = {0, 1, 2, 4};
  for (const std::size_t channel : band.channels)
    band.frequency_GHz.push_back(30.0 + 0.1 * static_cast<double>(channel));
  band.variance_K2 = {1.0, 4.0, 0.25, 1.0};
  band.temperature_K = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F};
  return band;
}

const SpectralAxis kBand{30.0, 0.1, 5};

TEST(CubeSums, ChannelsWeighAsTheirVariance) {
  const std::vector<std::int64_t> first = {7, 7}, second = {7, -1};
  CubeSums sums(5);
  EXPECT_EQ(add_band(small_band(), {kBand, 1.0, 1.0}, first, kBand, sums), 4);
  LineBand noisy = small_band();
  for (double& variance : noisy.variance_K2) variance *= 3.0;  // a receiver of sqrt(3) times the temperature
  for (float& value : noisy.temperature_K) value += 10.0F;
  add_band(noisy, {kBand, 1.0, 1.0}, second, kBand, sums);

  const CubeSpectra cube = sums.reduce(SerialCommunicator());
  ASSERT_EQ(cube.pixel, (std::vector<std::int64_t>{7}));
  const double v = 0.25;  // channel 2: 5 and 6 with weight 1/v, 15 with a third of it
  EXPECT_NEAR(cube.temperature_K[2], (5.0 + 6.0 + 15.0 / 3.0) / (2.0 + 1.0 / 3.0), 1e-5);
  EXPECT_NEAR(cube.rms_K[2], std::sqrt(v / (2.0 + 1.0 / 3.0)), 1e-6);
  EXPECT_EQ(cube.hits[2], 3.0F);
  EXPECT_NEAR(cube.rms_K[1] / cube.rms_K[2], 4.0, 1e-5);
  EXPECT_TRUE(std::isnan(cube.temperature_K[3]) && std::isnan(cube.rms_K[3]) && std::isnan(cube.hits[3]));
}

TEST(CubeSums, SamplesThatAreMissingOrOffTheGridAreLeftOut) {
  CubeSums sums(1);
  sums.add(0, std::vector<std::int64_t>{3, -1, 3, 5}, std::vector<float>{1.0F, 9.0F, kFloatNan, 4.0F}, 2.0);
  const CubeSpectra cube = sums.reduce(SerialCommunicator());
  EXPECT_EQ(cube.pixel, (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(cube.temperature_K, (std::vector<float>{1.0F, 4.0F}));
  EXPECT_EQ(cube.hits, (std::vector<float>{1.0F, 1.0F}));
}

TEST(CubeSums, CalibrationDividesSamplesAndNoise) {
  const std::vector<std::int64_t> pixel = {1, 2};
  CubeSums sums(5);
  add_band(small_band(), {kBand, 1.0, 0.5}, pixel, kBand, sums);
  const CubeSpectra cube = sums.reduce(SerialCommunicator());
  EXPECT_EQ(cube.temperature_K[0], 2.0F);
  EXPECT_EQ(cube.rms_K[0], 2.0F);
}

TEST(CubeSums, FrequenciesAreBroughtToTheFrameOfTheCube) {
  const double doppler = 30.05 / 30.0;  // the observer sees the cube's 30.0 GHz at 30.05 GHz
  CubeSums sums(1);
  add_band(small_band(), {kBand, doppler, 1.0}, std::vector<std::int64_t>{0, -1}, {30.0, 0.1, 1}, sums);
  const CubeSpectra cube = sums.reduce(SerialCommunicator());
  // Half way between channels 0 and 1, with nothing below channel 0.
  EXPECT_NEAR(cube.temperature_K[0], 0.5 * (1.0 + 3.0), 1e-5);
  EXPECT_NEAR(cube.rms_K[0], 0.5 * std::sqrt(1.0 + 4.0), 1e-6);
}

TEST(CubeSums, SumsOfFeedsAddUp) {
  CubeSums one(2), two(2);
  one.add(0, std::vector<std::int64_t>{4}, std::vector<float>{1.0F}, 1.0);
  two.add(0, std::vector<std::int64_t>{4}, std::vector<float>{4.0F}, 2.0);
  two.add(1, std::vector<std::int64_t>{2}, std::vector<float>{6.0F}, 1.0);
  one.add(two);
  const CubeSpectra cube = gather_cube(one.reduce(SerialCommunicator()), SerialCommunicator());
  EXPECT_EQ(cube.pixel, (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(cube.temperature_K[2], 3.0F);
  EXPECT_EQ(cube.temperature_K[1], 6.0F);
  EXPECT_EQ(cube.hits[2], 2.0F);
}

}  // namespace
}  // namespace comap
