#include "math/background.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace comap {
namespace {

TEST(Background, EveryStretchHasItsOwn) {
  Background background;
  background.add_stretch(0, 4, {{0.0, 1.0, 2.0, 3.0}});
  background.add_stretch(4, 3, {{4.0, 5.0, 6.0}});
  EXPECT_EQ(background.n_parameters(), 4U);
  std::vector<double> series = {1.0, 3.0, 5.0, 7.0, -2.0, -1.0, 0.0};
  series[1] += 0.5;
  const std::vector<double> hat = {-0.2, 0.35, -0.1, -0.05};  // of 0.5 in the second of four samples
  background.take_out(series);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(series[i], hat[i], 1e-12);
  for (std::size_t i = 4; i < 7; ++i) EXPECT_NEAR(series[i], 0.0, 1e-12);
}

// Near transit the airmass varies by a millionth of itself, and the atmosphere is not the less there.
TEST(Background, TemplatesThatHardlyVaryAreNotDependent) {
  constexpr std::size_t kSamples = 1000;
  std::vector<double> time(kSamples), airmass(kSamples), series(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    time[i] = static_cast<double>(i) / kSamples;
    airmass[i] = 1.2 + 1e-7 * std::pow(time[i] - 0.5, 2);
    series[i] = 3.0 + 2.0 * time[i] + 1e6 * airmass[i];
  }
  Background background;
  background.add_stretch(0, kSamples, {time, airmass, std::vector<double>(kSamples, 1.3)});
  EXPECT_EQ(background.n_parameters(), 3U) << "the last one depends on the constant";
  background.take_out(series);
  for (const double value : series) EXPECT_NEAR(value, 0.0, 1e-6);
}

}  // namespace
}  // namespace comap
