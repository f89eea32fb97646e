#include "linemap/spectral_axis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/error.hpp"
#include "linemap/line_plan.hpp"

namespace comap {
namespace {

constexpr double kRest_GHz = 31.22332;

double blended(const ChannelBlend& blend, const std::vector<double>& values) {
  double sum = 0.0;
  for (int i = 0; i < blend.n; ++i) {
    sum += blend.weight[static_cast<std::size_t>(i)] * values[static_cast<std::size_t>(blend.first + i)];
  }
  return sum;
}

/// sum, mean channel and variance of a spectrum.
std::array<double, 3> moments(const std::vector<double>& values) {
  double sum = 0.0, first = 0.0, second = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(i);
    sum += values[i];
    first += x * values[i];
    second += x * x * values[i];
  }
  return {sum, first / sum, second / sum - std::pow(first / sum, 2)};
}

TEST(SpectralAxis, VelocityIsRadioVelocity) {
  EXPECT_NEAR(radio_velocity_km_s(kRest_GHz - 0.01, kRest_GHz), 299792.458 * 0.01 / kRest_GHz, 1e-9);
  EXPECT_NEAR(frequency_at_GHz(100.0, kRest_GHz), kRest_GHz * (1.0 - 100.0 / 299792.458), 1e-12);
}

TEST(SpectralAxis, FallingFrequenciesAreAnAxisToo) {
  const std::vector<double> falling = {30.0, 29.9, 29.8, 29.7};
  const SpectralAxis axis = regular_axis(falling, "here");
  EXPECT_NEAR(axis.channel_of(29.85), 1.5, 1e-9);
  EXPECT_NEAR(axis.frequency_GHz(3), 29.7, 1e-12);
}

TEST(SpectralAxis, RefusesUnevenChannels) {
  const std::vector<double> uneven = {30.0, 30.1, 30.21, 30.3};
  EXPECT_THROW(regular_axis(uneven, "here"), ObservationError);
}

TEST(WindowChannels, AreThoseOfTheVelocities) {
  const SpectralAxis axis{kRest_GHz - 0.05, 0.01, 11};  // 96 km/s, the line on channel 5
  const auto inside = window_channels(axis, kRest_GHz, {-100.0, 200.0});
  // Positive velocities are lower frequencies.
  EXPECT_EQ(inside, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0}));
}

TEST(WindowChannels, AreThreeAtLeast) {
  const SpectralAxis axis{kRest_GHz - 0.05, 0.01, 11};
  const auto inside = window_channels(axis, kRest_GHz, {-1.0, 1.0});
  EXPECT_EQ(std::accumulate(inside.begin(), inside.end(), 0), 3);
  EXPECT_EQ(inside[5], 1);
}

TEST(ChannelBlend, KeepsSumPlaceAndWidthOfALine) {
  std::vector<double> line(41);
  for (std::size_t i = 0; i < line.size(); ++i)
    line[i] = std::exp(-0.5 * std::pow((static_cast<double>(i) - 20.3) / 2.0, 2));
  const std::vector<std::uint8_t> present(line.size(), 1);
  const auto before = moments(line);
  for (const double shift : {0.0, 0.11, 0.5, 0.83, 1.37}) {
    std::vector<double> moved(line.size(), 0.0);
    for (std::size_t i = 2; i + 4 < line.size(); ++i) {
      moved[i] = blended(blend_at(static_cast<double>(i) + shift, present), line);
    }
    const auto after = moments(moved);
    EXPECT_NEAR(after[0], before[0], 1e-9) << shift;
    EXPECT_NEAR(after[1], before[1] - shift, 1e-9) << shift;
    EXPECT_NEAR(after[2], before[2], 1e-8) << shift;
  }
}

TEST(ChannelBlend, OnAChannelItIsThatChannelAlone) {
  const std::vector<std::uint8_t> present = {1, 0, 1, 0, 1};
  const ChannelBlend blend = blend_at(2.0, present);
  EXPECT_EQ(blend.n, 1);
  EXPECT_EQ(blend.first, 2);
  EXPECT_EQ(blend.weight[0], 1.0);
  EXPECT_EQ(blend_at(3.0, present).n, 0);
}

TEST(ChannelBlend, DoesWithLessNextToMissingChannels) {
  const std::vector<std::uint8_t> present = {1, 1, 1, 0, 1, 1};
  const ChannelBlend line = blend_at(1.4, present);  // channel 3 is missing: a straight line
  EXPECT_EQ(line.n, 2);
  EXPECT_NEAR(line.weight[0], 0.6, 1e-12);
  EXPECT_NEAR(line.weight[1], 0.4, 1e-12);
  EXPECT_EQ(blend_at(2.4, present).n, 0);
  const ChannelBlend near = blend_at(2.05, present);
  EXPECT_EQ(near.n, 1);
  EXPECT_EQ(near.first, 2);
  EXPECT_EQ(blend_at(-0.4, present).n, 0);
  EXPECT_EQ(blend_at(7.0, present).n, 0);
}

TEST(CubeAxis, IsTheBandAsTheMeanObserverHasIt) {
  const SpectralAxis band{32.0, -0.002, 1024};  // falling
  constexpr double kDoppler = 1.0 + 25.0 / 299792.458;
  const SpectralAxis axis = cube_axis(band, kRest_GHz, kDoppler, 30);
  EXPECT_EQ(axis.n_channels, 30);
  EXPECT_NEAR(axis.step_GHz, 0.002 / kDoppler, 1e-12);
  for (const double channel : {0.0, 15.0, 29.0}) {
    const double place = band.channel_of(axis.frequency_GHz(channel) * kDoppler);
    EXPECT_NEAR(place, std::round(place), 1e-6);
  }
  EXPECT_LT(std::abs(axis.frequency_GHz(15) - kRest_GHz), 0.001);
}

TEST(CubeAxis, BaselineNeedsChannelsWithoutLine) {
  LinemapConfig config;
  const SpectralAxis axis{kRest_GHz - 0.02, 0.002, 20};  // +-190 km/s
  config.baseline_order = 2;
  EXPECT_NO_THROW(check_baseline(config, axis, kRest_GHz));
  config.line_window_km_s = {-400.0, 400.0};
  EXPECT_THROW(check_baseline(config, axis, kRest_GHz), ConfigError);
  config.baseline_order = -1;
  EXPECT_NO_THROW(check_baseline(config, axis, kRest_GHz));
}

}  // namespace
}  // namespace comap
