#include "simulate/sky_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/error.hpp"

namespace comap::simulate {
namespace {

/// The sky at one position and frequency.
double brightness_K(const SkyModel& sky, double l_deg, double b_deg, double frequency_GHz) {
  double sum_K = 0.0;
  for (const SkyTerm& term : sky_terms(sky, std::vector<double>{l_deg}, std::vector<double>{b_deg})) {
    sum_K += static_cast<double>(term.profile_K[0]) * term.spectrum(frequency_GHz);
  }
  return sum_K;
}

constexpr double kFloatTolerance = 1e-6;

TEST(SkyModel, SourceIsHalfAtHalfItsWidthAndFollowsItsSpectrum) {
  const SkySource source{359.99, 60.0, 2.0, 6.0, -2.1};
  const SkyModel sky{{source}, {}, {}};
  EXPECT_NEAR(brightness_K(sky, source.l_deg, source.b_deg, 30.0), 2.0, kFloatTolerance);
  EXPECT_NEAR(brightness_K(sky, source.l_deg, source.b_deg + 0.05, 30.0), 1.0, kFloatTolerance);
  // 3 arcmin along longitude at b = 60 deg, across l = 0.
  EXPECT_NEAR(brightness_K(sky, source.l_deg + 0.1 - 360.0, source.b_deg, 30.0), 1.0, 1e-5);
  EXPECT_NEAR(brightness_K(sky, source.l_deg, source.b_deg, 15.0), 2.0 * std::pow(0.5, -2.1), 1e-5);
  EXPECT_EQ(brightness_K(sky, source.l_deg, -source.b_deg, 30.0), 0.0);
}

TEST(SkyModel, RidgeIsGaussianInLatitudeAndModulatedInLongitude) {
  SkyModel sky;
  sky.ridge = SkyRidge{0.1, 0.3, 0.05, -2.7, 0.25, 2.0};
  EXPECT_NEAR(brightness_K(sky, 0.0, 0.1, 30.0), 0.05, kFloatTolerance);
  EXPECT_NEAR(brightness_K(sky, 0.5, 0.1, 30.0), 0.05 * 1.25, kFloatTolerance);
  EXPECT_NEAR(brightness_K(sky, 0.0, 0.4, 30.0), 0.05 * std::exp(-0.5), kFloatTolerance);
}

TEST(SkyModel, LineStandsOnItsSourceOnly) {
  SkyModel sky{{{10.0, 0.0, 0.0, 4.5, 0.0}, {11.0, 0.0, 0.0, 4.5, 0.0}}, {}, {}};
  sky.line = SkyLine{1, 0.3, 31.22332, 0.03};
  EXPECT_NEAR(brightness_K(sky, 11.0, 0.0, 31.22332), 0.3, kFloatTolerance);
  EXPECT_NEAR(brightness_K(sky, 11.0, 0.0, 31.22332 + 0.015), 0.15, kFloatTolerance);
  EXPECT_EQ(brightness_K(sky, 10.0, 0.0, 31.22332), 0.0);
}

TEST(SkyModel, TermsOfOneSpectralIndexAreOne) {
  const SkyModel sky{{{1.0, 0.0, 1.0, 5.0, -2.1}, {1.0, 0.0, 2.0, 5.0, -2.1}, {1.0, 0.0, 4.0, 5.0, -2.7}}, {}, {}};
  EXPECT_EQ(sky_terms(sky, std::vector<double>{1.0}, std::vector<double>{0.0}).size(), 2U);
  EXPECT_NEAR(brightness_K(sky, 1.0, 0.0, 30.0), 7.0, kFloatTolerance);
}

TEST(FieldSky, IsDrawnFromItsSeedWithinTheField) {
  SimulateConfig config;
  const SkyModel sky = field_sky(config);
  ASSERT_EQ(sky.sources.size(), 8U);
  EXPECT_EQ(sky.sources[0].T30_K, config.source_max_T30_K);
  for (const SkySource& source : sky.sources) {
    EXPECT_LE(std::hypot(source.l_deg - config.field_l_deg, source.b_deg - config.field_b_deg),
              config.source_radius_deg + 1e-9);
    EXPECT_GE(source.T30_K, config.source_min_T30_K);
    EXPECT_LE(source.T30_K, config.source_max_T30_K);
  }
  EXPECT_EQ(field_sky(config).sources[3].l_deg, sky.sources[3].l_deg);
  config.sky_seed = 8;
  EXPECT_NE(field_sky(config).sources[3].l_deg, sky.sources[3].l_deg);
}

TEST(FieldSky, TakesGivenSourcesAndRefusesALineWithoutSource) {
  SimulateConfig config;
  config.sources = {{30.1, 0.2, 0.4, 9.0, -0.5}};
  EXPECT_EQ(field_sky(config).sources.size(), 1U);
  EXPECT_EQ(field_sky(config).sources[0].fwhm_arcmin, 9.0);
  config.line_source = 1;
  EXPECT_THROW(field_sky(config), ConfigError);
  config.line_peak_K = 0.0;
  EXPECT_FALSE(field_sky(config).line.has_value());
}

}  // namespace
}  // namespace comap::simulate
