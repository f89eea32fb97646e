#include "simulate/random_sky.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "simulate/sky_model.hpp"

namespace comap::simulate {
namespace {

RandomSkySettings settings_with(double slope, double beam_fwhm_arcmin, std::uint64_t key = 5) {
  RandomSkySettings settings;
  settings.rms_K = 0.002;
  settings.slope = slope;
  settings.beam_fwhm_arcmin = beam_fwhm_arcmin;
  settings.size_deg = 6.0;
  settings.l_deg = 359.0;
  settings.b_deg = 0.0;
  settings.key = key;
  return settings;
}

/// Power |sum_x T exp(-i k x)|^2 / n at `wave` waves along the tile, averaged over rows at random heights.
double power_along(const RandomSky& sky, int wave) {
  constexpr int kPoints = 480, kRows = 160;
  const double size_deg = sky.settings().size_deg;
  double power = 0.0;
  for (int row = 0; row < kRows; ++row) {
    double cosine = 0.0, sine = 0.0;
    for (int i = 0; i < kPoints; ++i) {
      const double phase = 2.0 * std::numbers::pi * wave * i / kPoints;
      const double value = sky.brightness_K(359.0 + size_deg * i / kPoints, size_deg * row / kRows);
      cosine += value * std::cos(phase);
      sine += value * std::sin(phase);
    }
    power += (cosine * cosine + sine * sine) / kPoints;
  }
  return power / kRows;
}

TEST(RandomSky, HasTheRmsThatWasAskedForAndNoMean) {
  const RandomSky sky(settings_with(-2.0, 4.5));
  double sum = 0.0, squares = 0.0;
  constexpr int kSide = 320;  // the grid of the tile, so that nothing is interpolated
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const double value = sky.brightness_K(359.0 + 6.0 * x / kSide, 6.0 * y / kSide);
      sum += value;
      squares += value * value;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / (kSide * kSide)), 0.002, 2e-6);
  EXPECT_NEAR(sum / (kSide * kSide), 0.0, 1e-8);
}

// Along a line the power of an isotropic sky of slope s < -1 falls as k^(s + 1): over one octave with slope -3 by 4.
TEST(RandomSky, PowerFollowsItsSlope) {
  double low = 0.0, high = 0.0;
  for (std::uint64_t key = 1; key <= 4; ++key) {
    const RandomSky sky(settings_with(-3.0, 2.0, key));
    for (int wave = 6; wave < 10; ++wave) low += power_along(sky, wave);
    for (int wave = 12; wave < 20; ++wave) high += 0.5 * power_along(sky, wave);
  }
  EXPECT_NEAR(low / high, 4.0, 1.0);
}

// A beam of 30 arcmin: at 24 waves in 6 deg, 15 arcmin long, exp(-k^2 sigma^2) is 4e-13.
TEST(RandomSky, BeamTakesSmallScalesAway) {
  const RandomSky sharp(settings_with(-2.0, 4.5)), blurred(settings_with(-2.0, 30.0));
  EXPECT_GT(power_along(sharp, 24), 1e4 * power_along(blurred, 24));
  EXPECT_GT(power_along(blurred, 2), 0.5 * power_along(sharp, 2));
}

TEST(RandomSky, RepeatsAfterItsSizeAcrossTheOriginOfLongitude) {
  const RandomSky sky(settings_with(-2.0, 4.5));
  EXPECT_NEAR(sky.brightness_K(0.5, 0.3), sky.brightness_K(360.5, 0.3), 1e-9);
  EXPECT_NEAR(sky.brightness_K(0.5, 0.3), sky.brightness_K(6.5, 0.3), 1e-9);
  EXPECT_NEAR(sky.brightness_K(0.5, 0.3), sky.brightness_K(354.5, -5.7), 1e-9);
  EXPECT_NE(sky.brightness_K(0.5, 0.3), sky.brightness_K(0.7, 0.3));
  EXPECT_TRUE(std::isnan(sky.brightness_K(std::numeric_limits<double>::quiet_NaN(), 0.0)));
}

TEST(RandomSky, IsATermOfTheSkyWithItsSpectrumAndSeed) {
  SimulateConfig config;
  config.n_sources = 0;
  config.ridge_T30_K = 0.0;
  config.line_peak_K = 0.0;
  EXPECT_FALSE(field_sky(config).random.has_value());
  config.random_rms_K = 0.01;
  config.random_beta = -2.5;
  const SkyModel sky = field_sky(config);
  const std::vector<double> l = {30.2}, b = {0.1};
  const auto terms = sky_terms(sky, l, b);
  ASSERT_EQ(terms.size(), 1U);
  EXPECT_EQ(terms[0].beta, -2.5);
  EXPECT_FLOAT_EQ(terms[0].profile_K[0], static_cast<float>(sky.random->brightness_K(30.2, 0.1)));
  ++config.sky_seed;
  EXPECT_NE(sky_terms(field_sky(config), l, b)[0].profile_K[0], terms[0].profile_K[0]);
}

}  // namespace
}  // namespace comap::simulate
