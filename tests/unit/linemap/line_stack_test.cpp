#include "linemap/line_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "linemap/spectral_axis.hpp"

namespace comap {
namespace {

constexpr double kRests_GHz[] = {31.22332, 27.53};
constexpr double kVelocity_km_s = 41.0;
constexpr double kSigma_km_s = 50.0;

double line_K(double velocity_km_s, double peak_K) {
  return peak_K * std::exp(-0.5 * std::pow((velocity_km_s - kVelocity_km_s) / kSigma_km_s, 2));
}

/// One pixel with a line of this velocity, on 2 MHz channels that start anywhere.
CubeSpectra one_line(const SpectralAxis& axis, double rest_GHz, double peak_K, float rms_K) {
  CubeSpectra spectra{axis.n_channels, {5}, {}, {}, {}};
  for (int channel = 0; channel < axis.n_channels; ++channel) {
    const double velocity_km_s = radio_velocity_km_s(axis.frequency_GHz(channel), rest_GHz);
    spectra.temperature_K.push_back(static_cast<float>(line_K(velocity_km_s, peak_K)));
    spectra.rms_K.push_back(rms_K);
    spectra.hits.push_back(10.0F);
  }
  return spectra;
}

SpectralAxis axis_of(std::size_t line, double offset_GHz) { return {kRests_GHz[line] - 0.06 + offset_GHz, 0.002, 60}; }

// Channels of 19 and 22 km/s: the velocities of one line are between the channels of the other.
TEST(LineStack, AveragesAtEqualVelocity) {
  const SpectralAxis axes[] = {axis_of(0, 0.0), axis_of(1, 0.0007)};
  const CubeSpectra lines[] = {one_line(axes[0], kRests_GHz[0], 0.9, 0.1F),
                               one_line(axes[1], kRests_GHz[1], 0.3, 0.2F)};
  const std::vector<StackedLine> both = {{lines[0], axes[0], kRests_GHz[0]}, {lines[1], axes[1], kRests_GHz[1]}};
  const CubeSpectra stack = stack_lines(both, axes[0], kRests_GHz[0]);
  ASSERT_EQ(stack.pixel, (std::vector<std::int64_t>{5}));
  for (int channel = 5; channel < 55; ++channel) {
    const double velocity_km_s = radio_velocity_km_s(axes[0].frequency_GHz(channel), kRests_GHz[0]);
    const auto i = static_cast<std::size_t>(channel);
    const double expected = (100.0 * line_K(velocity_km_s, 0.9) + 25.0 * line_K(velocity_km_s, 0.3)) / 125.0;
    EXPECT_NEAR(stack.temperature_K[i], expected, 1e-3) << velocity_km_s;
    EXPECT_EQ(stack.hits[i], 20.0F);
    // Half way between channels the second line has 0.8 times the noise of a channel: 2 (9/16)^2 + 2 (1/16)^2 = 0.8^2.
    EXPECT_LE(stack.rms_K[i], std::hypot(0.8 * 0.1, 0.2 * 0.2) + 1e-6);
    EXPECT_GE(stack.rms_K[i], std::hypot(0.8 * 0.1, 0.2 * 0.2 * 0.8) - 1e-6);
  }
}

TEST(LineStack, TakesWhatThereIs) {
  const SpectralAxis axis = axis_of(0, 0.0);
  const CubeSpectra first = one_line(axis, kRests_GHz[0], 0.9, 0.1F);
  CubeSpectra other = one_line(axis_of(1, 0.0), kRests_GHz[1], 0.9, 0.1F);
  other.pixel = {9};
  std::fill_n(other.temperature_K.begin(), 40, std::numeric_limits<float>::quiet_NaN());
  const std::vector<StackedLine> both = {{first, axis, kRests_GHz[0]}, {other, axis_of(1, 0.0), kRests_GHz[1]}};
  const CubeSpectra stack = stack_lines(both, axis, kRests_GHz[0]);
  EXPECT_EQ(stack.pixel, (std::vector<std::int64_t>{5, 9}));
  for (std::size_t channel = 0; channel < 60; ++channel) {
    EXPECT_FLOAT_EQ(stack.temperature_K[channel], first.temperature_K[channel]);
  }
  EXPECT_TRUE(std::isnan(stack.temperature_K[60 + 20]));
  EXPECT_TRUE(std::isfinite(stack.temperature_K[60 + 45]));
}

}  // namespace
}  // namespace comap
