#include "math/noise_spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "math/detrend.hpp"

namespace comap {
namespace {

constexpr double kReference_Hz = 0.1;

std::vector<SpectrumBin> model_bins(double white, double red, double alpha) {
  std::vector<SpectrumBin> bins;
  for (double f = 0.01; f < 25.0; f *= 1.1) {
    bins.push_back({f, white * white + red * red * std::pow(f / kReference_Hz, alpha), 1.0 + 10.0 * f});
  }
  return bins;
}

TEST(BinnedPowerSpectrum, SineOfKnownPowerAtItsFrequency) {
  constexpr std::size_t n = 1000;
  constexpr double kAmplitude = 3.0;
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = 7.0 + kAmplitude * std::sin(2.0 * std::numbers::pi * 40.0 * static_cast<double>(i) / n);
  }
  const auto bins = binned_power_spectrum(values, 0.02, 100);
  double total = 0.0, modes = 0.0, at_sine = 0.0;
  for (const SpectrumBin& bin : bins) {
    total += bin.power * bin.n_modes;
    modes += bin.n_modes;
    if (std::abs(std::log(bin.frequency_Hz / 2.0)) < 0.05) at_sine += bin.power * bin.n_modes;  // 40 / (1000 * 0.02 s)
  }
  EXPECT_EQ(modes, 500.0);
  EXPECT_NEAR(total, kAmplitude * kAmplitude / 4.0 * n, 1e-6);  // a sine of amplitude a: n a^2 / 4 in one mode
  EXPECT_NEAR(at_sine / total, 1.0, 1e-9);
}

TEST(BinnedPowerSpectrum, FirstAndLastFrequencyAreInTheFirstAndLastBin) {
  std::vector<double> values(64, 0.0);
  values[0] = 1.0;  // the same power at every frequency
  const auto bins = binned_power_spectrum(values, 0.5, 10);
  EXPECT_EQ(bins.front().n_modes, 1.0);
  EXPECT_NEAR(bins.front().power, 1.0 / 64.0, 1e-12);
  EXPECT_NEAR(bins.front().frequency_Hz, std::pow(32.0, 0.05) / 32.0, 1e-12);
  EXPECT_NEAR(bins.back().frequency_Hz, std::pow(32.0, 0.95) / 32.0, 1e-12);
}

TEST(FitNoiseModel, ReturnsTheModelThatMadeTheSpectrum) {
  for (const double alpha : {-0.7, -1.3, -2.5}) {
    const auto bins = model_bins(0.02, 0.15, alpha);
    const NoiseModel found = fit_noise_model(bins, kReference_Hz, {0.03, 0.05, -1.5});
    EXPECT_NEAR(found.sigma_white, 0.02, 1e-8);
    EXPECT_NEAR(found.sigma_red, 0.15, 1e-7);
    EXPECT_NEAR(found.alpha, alpha, 1e-6);
  }
}

TEST(FitNoiseModel, AlphaStaysWithinItsBounds) {
  const NoiseModel found = fit_noise_model(model_bins(0.02, 0.01, -6.0), kReference_Hz, {0.03, 0.05, -1.5});
  EXPECT_EQ(found.alpha, -4.0);
  EXPECT_GT(found.sigma_red, 0.0);
}

TEST(FitNoiseModel, WhiteNoiseAloneHasItsWhiteLevel) {
  const NoiseModel found = fit_noise_model(model_bins(0.02, 0.0, -1.0), kReference_Hz, {0.03, 0.01, -1.5});
  EXPECT_NEAR(std::hypot(found.sigma_white, std::abs(found.alpha) < 1e-3 ? found.sigma_red : 0.0), 0.02, 2e-4);
}

TEST(FitNoiseModel, NanWithoutEnoughSpectrum) {
  const auto bins = model_bins(0.02, 0.15, -1.3);
  EXPECT_TRUE(std::isnan(fit_noise_model(std::span(bins).first(3), kReference_Hz, {0.02, 0.1, -1.5}).alpha));
  EXPECT_TRUE(std::isnan(fit_noise_model(bins, kReference_Hz, {0.0, 0.1, -1.5}).sigma_white));
  EXPECT_TRUE(std::isnan(fit_noise_model(bins, kReference_Hz, {0.1, std::nan(""), -1.5}).sigma_white));
}

TEST(SubtractTemplates, LeavesWhatTheTemplatesCannotMake) {
  constexpr std::size_t n = 200;
  std::vector<double> constant(n, 1.0), line(n), twice(n), values(n), rest(n);
  for (std::size_t i = 0; i < n; ++i) {
    line[i] = static_cast<double>(i);
    twice[i] = 2.0 * line[i] + 5.0;                                            // depends on the others
    rest[i] = i == 50 || i == 149 ? 1.0 : (i == 99 || i == 100 ? -1.0 : 0.0);  // orthogonal to constant and line
    values[i] = rest[i] + 12.0 - 0.3 * line[i];
  }
  values[7] = std::nan("");
  subtract_templates(values, {constant, line, twice});
  for (std::size_t i = 0; i < n; ++i) {
    if (i != 7) {
      EXPECT_NEAR(values[i], rest[i], 0.02);
    }
  }
  EXPECT_TRUE(std::isnan(values[7]));
}

}  // namespace
}  // namespace comap
