#include "math/glitches.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/constants.hpp"
#include "support/white_noise.hpp"

namespace comap {
namespace {

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
  for (std::size_t i = 600; i < 605; ++i) noise[i] = kFloatNan;
  sum.add(noise);
  sum.add(std::vector<float>(1000, kFloatNan));
  EXPECT_EQ(find_glitches(sum.values(), 6.0), (std::vector<std::int64_t>{400}));
}

}  // namespace
}  // namespace comap
