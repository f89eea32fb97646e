#include "math/median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "core/constants.hpp"

namespace comap {
namespace {

// Full sort: slow and obviously right.
float sorted_median(std::vector<float> values) {
  std::erase_if(values, [](float value) { return !std::isfinite(value); });
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5F * values[n / 2 - 1] + 0.5F * values[n / 2];
}

std::vector<float> normal_values(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(1e6F, 800.0F);
  std::vector<float> values(n);
  for (float& value : values) value = normal(generator);
  return values;
}

TEST(Median, OddAndEvenLengths) {
  EXPECT_EQ(median(std::vector<float>{3, 1, 2}), 2.0F);
  EXPECT_EQ(median(std::vector<float>{4, 1, 2, 3}), 2.5F);
  EXPECT_EQ(median(std::vector<double>{7.0}), 7.0);
}

TEST(Median, NothingFiniteIsNan) {
  EXPECT_TRUE(std::isnan(median(std::vector<float>{})));
  EXPECT_TRUE(std::isnan(median(std::vector<float>(5000, kFloatNan))));
}

TEST(Median, EqualsFullSortForAllLengths) {
  std::vector<float> scratch;
  for (std::size_t n : {1U, 2U, 511U, 512U, 513U, 3600U, 6001U, 20000U}) {
    const std::vector<float> values = normal_values(n, static_cast<unsigned>(n));
    EXPECT_EQ(median(values, scratch), sorted_median(values)) << n;
  }
}

TEST(Median, LeavesOutNanAndInfinity) {
  std::vector<float> values = normal_values(6000, 3);
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] = kFloatNan;
  values[1] = std::numeric_limits<float>::infinity();
  for (std::size_t i = 2; i < 1000; i += 9) values[i] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(median(values), sorted_median(values));
}

// Values on which the strided sample misleads: the bracket misses and everything has to be looked at.
TEST(Median, ExactWhenTheSampleMisleads) {
  std::vector<float> values = normal_values(5120, 4);
  for (std::size_t i = 10; i < values.size(); i += 20) values[i] = -1e9F + static_cast<float>(64 * i);
  EXPECT_EQ(median(values), sorted_median(values));
  EXPECT_EQ(median(std::vector<float>(4000, 2.5F)), 2.5F);
}

TEST(Median, DriftAndSteps) {
  std::vector<float> values = normal_values(7000, 5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(i) + (i > 5000 ? 1e5F : 0.0F);
  EXPECT_EQ(median(values), sorted_median(values));
}

// Skewed, quantised, with spikes, drifting, huge and tiny: whichever way leads to the median, it is the same.
TEST(Median, ExactForDistributionsOfEveryShape) {
  using Shape = float (*)(float, std::size_t);
  const std::vector<Shape> shapes = {
      [](float z, std::size_t) { return std::exp(z); },
      [](float z, std::size_t) { return std::round(2.0F * z); },
      [](float z, std::size_t i) { return i % 500 == 7 ? 1e20F : z; },
      [](float z, std::size_t i) { return z + 3.0F * std::sin(0.002F * static_cast<float>(i)); },
      [](float z, std::size_t i) { return i % 2 == 0 ? -1.0F : 1.0F + 1e-3F * z; },
      [](float z, std::size_t) { return 1e30F * z; },
      [](float z, std::size_t) { return 1e-30F * z; },
      [](float z, std::size_t) { return 1e7F + z; },
  };
  std::vector<float> scratch;
  std::mt19937 generator(8);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  for (std::size_t shape = 0; shape < shapes.size(); ++shape) {
    for (std::size_t n = 512; n < 9000; n += 211) {
      std::vector<float> values(n);
      for (std::size_t i = 0; i < n; ++i) values[i] = shapes[shape](normal(generator), i);
      EXPECT_EQ(median(values, scratch), sorted_median(values)) << "shape " << shape << ", " << n << " values";
    }
  }
}

TEST(Median, DoublesKeepTheirPrecision) {
  std::vector<double> values(1001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0 + 1e-12 * static_cast<double>((i * 617) % 1001);
  EXPECT_EQ(median(values), 1.0 + 1e-12 * 500.0);
}

}  // namespace
}  // namespace comap
