#include "map/products/residual.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "destripe/offset_prior.hpp"
#include "math/fft.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

constexpr double kStep_s = 0.02;
constexpr double kWhite_K = 0.02;

double red_power_K2(double frequency_Hz) { return std::pow(0.05 * std::pow(frequency_Hz / 0.1, -0.75), 2); }

/// White and correlated noise of known spectrum, with a source of 1 K in the middle of the map.
test::CrossingScans noisy_scans(int n_segments, std::int64_t n_samples) {
  test::CrossingScans scans = test::crossing_scans(n_segments, n_samples);
  DestriperStream& stream = scans.data.streams[0];
  std::ranges::fill(stream.weight_per_K2, 1.0 / (kWhite_K * kWhite_K));
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  const auto n = static_cast<std::size_t>(4 * n_samples);  // longer than a segment: no period
  RealFft fft(n);
  for (const DestriperSegment& segment : scans.data.segments) {
    for (double& value : fft.samples()) value = normal(random);
    fft.forward();
    fft.spectrum()[0] = 0.0;
    for (std::size_t k = 1; k <= n / 2; ++k) {
      const double power_K2 =
          kWhite_K * kWhite_K + red_power_K2(static_cast<double>(k) / (static_cast<double>(n) * kStep_s));
      fft.spectrum()[k] *= std::sqrt(power_K2);
    }
    fft.inverse();
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      const auto sample = static_cast<std::size_t>(segment.start + i);
      const std::int32_t pixel = scans.data.pixel[sample];
      const double dx = pixel % 30 - 15.0, dy = static_cast<double>(pixel / 30) - 10.0;
      const double sky_K = pixel < 0 ? 0.0 : std::exp(-0.5 * (dx * dx + dy * dy) / 4.0);
      stream.tod_K[sample] += static_cast<float>(sky_K + fft.samples()[static_cast<std::size_t>(i)]);
    }
  }
  return scans;
}

DestriperSettings settings_of(const test::CrossingScans& scans, int offset_length) {
  DestriperSettings settings;
  settings.n_pixels = scans.n_pixels;
  settings.n_columns = scans.n_columns;
  settings.offset_length = offset_length;
  return settings;
}

constexpr std::size_t kGlitchLength = 8;

/// The first sample from which on the sky is flat for the length of a glitch.
std::size_t away_from_the_source(const LargeVector<std::int32_t>& pixel, std::size_t first) {
  std::size_t n_flat = 0;
  while (n_flat < kGlitchLength) {
    const double dx = pixel[first] % 30 - 15.0, dy = static_cast<double>(pixel[first] / 30) - 10.0;
    n_flat = pixel[first] < 0 || std::hypot(dx, dy) > 9.0 ? n_flat + 1 : 0;
    ++first;
  }
  return first - kGlitchLength;
}

/// That of crossing_scans.
const MapGrid& grid() {
  static const MapGrid one(
      WcsDefinition{{30, 20}, {15.0, 10.0}, {-1.0 / 60.0, 1.0 / 60.0}, {30.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  return one;
}

TEST(MapLookup, HasTheValuesOfTheMapAndNothingElse) {
  MapPiece map;
  map.pixel = {31, 32, 62};
  map.destriped_K = {1.0, 1.5, -2.0};
  const MapLookup lookup(map, grid());
  EXPECT_EQ(lookup.destriped_K(31), 1.0);
  EXPECT_EQ(lookup.destriped_K(62), -2.0);
  EXPECT_TRUE(std::isnan(lookup.destriped_K(33)));
  EXPECT_EQ(lookup.step_K(32), 3.5);  // 62 is below 32
  EXPECT_EQ(lookup.step_K(31), 0.5);
}

// Averaged over segments and octaves of modes, the prior is what the simulated spectrum gives.
TEST(PriorFromResidual, IsThatOfTheNoise) {
  const test::CrossingScans scans = noisy_scans(12, 6000);
  const DestriperSettings settings = settings_of(scans, 100);
  const DestriperResult first = test::destripe_one(scans.data, settings, SerialCommunicator());
  const MapLookup map(first.map, grid());
  const auto prior = prior_from_residual(scans.data, scans.data.streams[0], map, 25, kStep_s);
  const std::vector<double> expected = offset_mode_variance(red_power_K2, 240, 25, kStep_s);
  ASSERT_EQ(prior.size(), 12U);
  for (std::size_t low = 8; 2 * low <= 128; low *= 2) {
    double found = 0.0, truth = 0.0;
    for (const std::vector<double>& segment : prior) {
      ASSERT_EQ(segment.size(), 240U);
      for (std::size_t k = low; k < 2 * low; ++k) {
        found += segment[k] / 12.0;
        truth += expected[k] / 12.0;
      }
    }
    EXPECT_NEAR(found / truth, 1.0, 0.25) << "modes from " << low;
  }
}

// A glitch of eight samples, 5 sigma each, is found; the source and the noise are not taken for one.
TEST(LongGlitches, AreFoundWhereTheyAre) {
  test::CrossingScans scans = noisy_scans(12, 6000);
  const DestriperSettings settings = settings_of(scans, 25);
  DestriperStream& stream = scans.data.streams[0];
  stream.prior_variance_K2.assign(12, offset_mode_variance(red_power_K2, 240, 25, kStep_s));
  const std::size_t glitch = away_from_the_source(scans.data.pixel, 3 * 6000 + 1700);
  for (std::size_t i = 0; i < kGlitchLength; ++i) stream.tod_K[glitch + i] += static_cast<float>(5.0 * kWhite_K);
  const std::vector<DestriperResult> solved = destripe(std::as_const(scans.data), settings, SerialCommunicator());
  const std::vector<MapLookup> maps{MapLookup(solved[0].map, grid())};
  const std::int64_t n_flagged = flag_long_glitches(scans.data, maps, solved, 25, 6.0);
  EXPECT_GE(n_flagged, 6);
  EXPECT_LE(n_flagged, 20);
  std::size_t n_near = 0, n_elsewhere = 0;
  for (std::size_t i = 0; i < stream.tod_K.size(); ++i) {
    if (std::isfinite(stream.tod_K[i])) continue;
    (i + 8 >= glitch && i < glitch + 16 ? n_near : n_elsewhere) += 1;
  }
  EXPECT_GE(n_near, 6U);
  EXPECT_EQ(n_elsewhere, 0U);
}

}  // namespace
}  // namespace comap
