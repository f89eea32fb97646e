#include "linemap/cube_baseline.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace comap {
namespace {

constexpr std::size_t kChannels = 24;

double polynomial(std::size_t channel, int order) {
  const double x = static_cast<double>(channel) / 10.0 - 0.7;
  double sum = 0.0;
  for (int power = 0; power <= order; ++power) sum += (0.3 + 0.2 * power) * std::pow(x, power);
  return sum;
}

double line_at(std::size_t channel) { return channel >= 9 && channel < 14 ? 0.5 : 0.0; }

std::vector<std::uint8_t> window() {
  std::vector<std::uint8_t> inside(kChannels, 0);
  for (std::size_t channel = 8; channel < 15; ++channel) inside[channel] = 1;
  return inside;
}

CubeSpectra one_pixel(int order) {
  CubeSpectra spectra{kChannels, {42}, {}, {}, std::vector<float>(kChannels, 3.0F)};
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    spectra.temperature_K.push_back(static_cast<float>(polynomial(channel, order) + line_at(channel)));
    spectra.rms_K.push_back(0.1F + 0.05F * static_cast<float>(channel % 3));
  }
  return spectra;
}

TEST(CubeBaseline, APolynomialIsRemovedAndTheLineStays) {
  for (const int order : {0, 1, 3, 5}) {
    CubeSpectra spectra = one_pixel(order);
    spectra.temperature_K[3] = std::numeric_limits<float>::quiet_NaN();
    subtract_baselines(spectra, window(), order);
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      if (channel == 3) continue;
      EXPECT_NEAR(spectra.temperature_K[channel], line_at(channel), 2e-6) << "order " << order << " at " << channel;
    }
    EXPECT_TRUE(std::isnan(spectra.temperature_K[3]));
    EXPECT_EQ(spectra.rms_K, one_pixel(order).rms_K);
  }
}

// Minimum of sum (T - c)^2 / rms^2 over the two channels outside the window: the weighted mean.
TEST(CubeBaseline, ChannelsWeighAsTheirNoise) {
  CubeSpectra spectra{3, {0}, {1.0F, 9.0F, 4.0F}, {1.0F, 1.0F, 2.0F}, {1.0F, 1.0F, 1.0F}};
  subtract_baselines(spectra, std::vector<std::uint8_t>{0, 1, 0}, 0);
  EXPECT_NEAR(spectra.temperature_K[1], 9.0 - (1.0 + 4.0 / 4.0) / 1.25, 1e-6);
}

TEST(CubeBaseline, APixelWithoutEnoughChannelsIsNotKept) {
  CubeSpectra spectra = one_pixel(0);
  for (std::size_t channel = 1; channel < kChannels; ++channel) {
    if (window()[channel] == 0) spectra.temperature_K[channel] = std::numeric_limits<float>::quiet_NaN();
  }
  CubeSpectra constant = spectra;
  subtract_baselines(constant, window(), 0);
  EXPECT_TRUE(std::isfinite(constant.temperature_K[10]));
  subtract_baselines(spectra, window(), 1);
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    EXPECT_TRUE(std::isnan(spectra.temperature_K[channel]) && std::isnan(spectra.hits[channel])) << channel;
  }
}

}  // namespace
}  // namespace comap
