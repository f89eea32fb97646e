// Streaming against the exact estimator, whatever the cutting.

#include "math/streaming_auto_rms.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "core/constants.hpp"
#include "math/auto_rms.hpp"

namespace comap {
namespace {

std::vector<float> noise(std::size_t n, float mean, float sigma, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> draw(mean, sigma);
  std::vector<float> values(n);
  for (float& value : values) value = draw(generator);
  return values;
}

double exact(const std::vector<float>& values, NoiseEstimator estimator) {
  return auto_rms(std::vector<double>(values.begin(), values.end()), estimator);
}

double streamed(const std::vector<float>& values, NoiseEstimator estimator, std::size_t piece) {
  StreamingAutoRms stream(3, estimator);
  for (std::size_t start = 0; start < values.size(); start += piece) {
    stream.add(1, std::span(values).subspan(start, std::min(piece, values.size() - start)));
  }
  EXPECT_TRUE(std::isnan(stream.result(0)));
  EXPECT_TRUE(std::isnan(stream.result(2)));
  return stream.result(1);
}

TEST(AutoRms, OfNumbersDoneByHand) {
  // Differences -1, 3, 1: median 1, absolute deviations 2, 2, 0; mean 1, variance 8/3.
  const std::vector<double> values = {0.0, 1.0, 3.0, 0.0, 5.0, 4.0, 100.0};
  EXPECT_DOUBLE_EQ(auto_rms(values, NoiseEstimator::mad), 1.4826 * 2.0 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(auto_rms(values, NoiseEstimator::standard_deviation), std::sqrt(8.0 / 3.0) / std::sqrt(2.0));
  EXPECT_TRUE(std::isnan(auto_rms(std::vector<double>{1.0}, NoiseEstimator::mad)));
}

TEST(AutoRms, PairsWithNanAreLeftOut) {
  const std::vector<double> values = {0.0, 1.0, std::nan(""), 0.0, 3.0, 0.0, 1.0, std::nan(""), 5.0, 4.0};
  EXPECT_DOUBLE_EQ(auto_rms(values, NoiseEstimator::mad), 1.4826 * 2.0 / std::sqrt(2.0));
}

TEST(StreamingAutoRms, StandardDeviationIsExact) {
  std::vector<float> values = noise(20001, 1e6F, 700.0F, 1);
  for (std::size_t i = 0; i < values.size(); i += 97) values[i] = kFloatNan;
  const double wanted = exact(values, NoiseEstimator::standard_deviation);
  EXPECT_NEAR(streamed(values, NoiseEstimator::standard_deviation, 6000) / wanted, 1.0, 1e-12);
}

TEST(StreamingAutoRms, CuttingDoesNotChangeABit) {
  std::vector<float> values = noise(9001, 1e6F, 700.0F, 2);
  values[17] = kFloatNan;
  for (const NoiseEstimator estimator : {NoiseEstimator::mad, NoiseEstimator::standard_deviation}) {
    const double whole = streamed(values, estimator, values.size());
    for (const std::size_t piece : {1U, 7U, 16U, 333U, 4096U}) {
      EXPECT_EQ(streamed(values, estimator, piece), whole) << "pieces of " << piece;
    }
  }
}

TEST(StreamingAutoRms, MadOfNoiseIsPreciseAtEveryScale) {
  for (const float sigma : {1e-30F, 3e-3F, 1.0F, 812.0F, 1e25F}) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      const std::vector<float> values = noise(15000, 0.0F, sigma, seed);
      const double wanted = exact(values, NoiseEstimator::mad);
      EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 3000) / wanted, 1.0, 1e-3) << sigma << " seed " << seed;
    }
  }
}

TEST(StreamingAutoRms, MadOfQuantisedNoiseIsWithinABin) {
  for (const float step : {50.0F, 190.0F, 512.0F}) {
    std::vector<float> values = noise(15000, 1e6F, 700.0F, 3);
    for (float& value : values) value = step * std::round(value / step);
    const double wanted = exact(values, NoiseEstimator::mad);
    EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 3000) / wanted, 1.0, 2e-3) << "step " << step;
  }
}

TEST(StreamingAutoRms, MadIsNotRaisedByGlitches) {
  std::vector<float> values = noise(10000, 0.0F, 1.0F, 4);
  const double clean = exact(values, NoiseEstimator::mad);
  for (std::size_t i = 0; i < values.size(); i += 100) values[i] = 1e6F;
  // One pair in fifty is spoilt: the median moves by 2 % of the way to the tail, not by the glitches' size.
  EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 1000) / clean, 1.0, 0.05);
}

TEST(StreamingAutoRms, ShortSeriesAreExact) {
  const std::vector<float> values = noise(2 * StreamingAutoRms::kKeptForScale - 2, 5.0F, 1.0F, 5);
  EXPECT_DOUBLE_EQ(streamed(values, NoiseEstimator::mad, 11), exact(values, NoiseEstimator::mad));
}

TEST(StreamingAutoRms, NoiseThatChangesByAFactorOfTwoIsFollowed) {
  std::vector<float> values = noise(12000, 0.0F, 1.0F, 6);
  for (std::size_t i = 3000; i < values.size(); ++i) values[i] *= 2.0F;
  EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 3000) / exact(values, NoiseEstimator::mad), 1.0, 1e-3);
}

// Beyond the narrow bins: a factor of 30 up or down, for all but the first samples or for half of them.
TEST(StreamingAutoRms, NoiseThatChangesByLargeFactorsIsFollowed) {
  for (const float factor : {0.03F, 0.3F, 3.0F, 30.0F}) {
    for (const std::size_t change : {1000U, 6000U}) {
      std::vector<float> values = noise(12000, 0.0F, 1.0F, 7);
      for (std::size_t i = change; i < values.size(); ++i) values[i] *= factor;
      const double wanted = exact(values, NoiseEstimator::mad);
      EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 3000) / wanted, 1.0, 5e-3) << factor << " from " << change;
    }
  }
}

TEST(StreamingAutoRms, NoiseBeyondTheHistogramIsNan) {
  std::vector<float> values = noise(12000, 0.0F, 1.0F, 7);
  for (std::size_t i = 1000; i < values.size(); ++i) values[i] *= 1000.0F;
  EXPECT_TRUE(std::isnan(streamed(values, NoiseEstimator::mad, 3000)));
}

// More differences of one size than a cell can count: full cells stay full and do not start again at 0.
TEST(StreamingAutoRms, CellsThatAreFullStayFull) {
  constexpr std::array<float, 10> kDifferences = {1.0F, 3.0F, 1.0F, 3.0F, 2.0F, 1.0F, 3.0F, 1.0F, 3.0F, 2.0F};
  std::vector<float> values(400000);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = kDifferences[i / 2 % kDifferences.size()];
  EXPECT_NEAR(streamed(values, NoiseEstimator::mad, 50000) / (1.4826 / std::sqrt(2.0)), 1.0, 0.03);
}

TEST(StreamingAutoRms, ConstantAndMissingChannels) {
  EXPECT_EQ(streamed(std::vector<float>(5000, 3.0F), NoiseEstimator::mad, 700), 0.0);
  EXPECT_EQ(streamed(std::vector<float>(5000, 3.0F), NoiseEstimator::standard_deviation, 700), 0.0);
  EXPECT_TRUE(std::isnan(streamed(std::vector<float>(5000, kFloatNan), NoiseEstimator::mad, 700)));
  EXPECT_TRUE(std::isnan(streamed(std::vector<float>(5000, kFloatNan), NoiseEstimator::standard_deviation, 700)));
}

}  // namespace
}  // namespace comap
