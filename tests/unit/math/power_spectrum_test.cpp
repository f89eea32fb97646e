#include "math/power_spectrum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <random>
#include <vector>

#include "math/fft.hpp"

namespace comap {
namespace {

constexpr double kSampleTime_s = 0.02;

std::vector<double> normal_series(std::size_t n, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> series(n);
  for (double& value : series) value = normal(generator);
  return series;
}

TEST(RealFft, CosineHasOneMode) {
  RealFft fft(60);
  for (std::size_t t = 0; t < 60; ++t) {
    fft.samples()[t] = std::cos(2.0 * std::numbers::pi * 7.0 * static_cast<double>(t) / 60.0 - 0.5);
  }
  fft.forward();
  for (std::size_t k = 0; k <= 30; ++k) {
    const std::complex<double> expected = k == 7 ? std::polar(30.0, -0.5) : 0.0;
    EXPECT_NEAR(std::abs(fft.spectrum()[k] - expected), 0.0, 1e-12) << k;
  }
}

TEST(RealFft, ParsevalAndInverseForOddAndEvenLengths) {
  for (const std::size_t n : {1U, 2U, 3601U, 3600U}) {
    const std::vector<double> series = normal_series(n, 1);
    RealFft fft(n);
    std::ranges::copy(series, fft.samples().begin());
    fft.forward();
    double power = 0.0;
    for (std::size_t k = 0; k <= n / 2; ++k) {
      power += std::norm(fft.spectrum()[k]) * (k == 0 || 2 * k == n ? 1.0 : 2.0);
    }
    const double squares = std::inner_product(series.begin(), series.end(), series.begin(), 0.0);
    EXPECT_NEAR(power / static_cast<double>(n), squares, 1e-10 * squares);
    fft.inverse();
    for (std::size_t t = 0; t < n; ++t) ASSERT_NEAR(fft.samples()[t], series[t], 1e-13);
  }
}

// The window is applied in the frequency domain: compare with multiplying the samples by it.
TEST(WindowedPower, EqualsTransformOfWindowedSamples) {
  for (const std::size_t n : {8U, 9U, 101U, 500U}) {
    const std::vector<double> series = normal_series(n, 2);
    const double mean = std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(n);
    RealFft fft(n);
    const std::vector<double> power = windowed_power(series, fft);
    for (std::size_t t = 0; t < n; ++t) {
      const double phase = 2.0 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(n);
      fft.samples()[t] = std::sqrt(8.0 / 3.0) * 0.5 * (1.0 - std::cos(phase)) * (series[t] - mean);
    }
    fft.forward();
    ASSERT_EQ(power.size(), n / 2 + 1);
    for (std::size_t k = 0; k < power.size(); ++k) {
      EXPECT_NEAR(power[k], std::norm(fft.spectrum()[k]) / static_cast<double>(n), 1e-12) << n << " " << k;
    }
  }
}

TEST(WindowedPower, WhiteNoiseHasItsVariance) {
  RealFft fft(40000);
  std::vector<double> power = windowed_power(normal_series(40000, 3), fft);
  EXPECT_NEAR(std::accumulate(power.begin(), power.end(), 0.0) / static_cast<double>(power.size()), 1.0, 0.03);
}

/// Series of white noise of variance `white` and 1/f noise, by colouring a longer one: no wrap.
std::vector<double> noise_series(std::size_t n, double white, const PowerLaw& red, unsigned seed) {
  RealFft fft(2 * n);
  std::ranges::copy(normal_series(2 * n, seed), fft.samples().begin());
  fft.forward();
  fft.spectrum()[0] = 0.0;
  for (std::size_t k = 1; k <= n; ++k) {
    const double frequency_Hz = static_cast<double>(k) / (static_cast<double>(2 * n) * kSampleTime_s);
    fft.spectrum()[k] *= red.sigma * std::pow(frequency_Hz / 0.1, red.alpha / 2.0);
  }
  fft.inverse();
  std::vector<double> series = normal_series(n, seed + 1000);
  for (std::size_t t = 0; t < n; ++t) series[t] = std::sqrt(white) * series[t] + fft.samples()[t];
  return series;
}

TEST(FitPowerLaw, RecoversSimulatedNoise) {
  constexpr PowerLaw kTrue{1.5e-3, -1.1};
  constexpr double kWhite = 4e-8;
  BinnedSpectrum spectrum(0.02, 5.0, 80);
  for (unsigned scan = 0; scan < 40; ++scan) {
    const std::size_t n = 3000 + 100 * (scan % 7);
    RealFft fft(n);
    spectrum.add(windowed_power(noise_series(n, kWhite, kTrue, scan), fft),
                 1.0 / (static_cast<double>(n) * kSampleTime_s), kWhite);
  }
  PowerLawPrior prior;
  prior.alpha_mean = -1.3;
  prior.alpha_error = 0.3;
  const PowerLaw fit = fit_power_law(spectrum.bins(), 0.1, prior);
  EXPECT_NEAR(fit.sigma / kTrue.sigma, 1.0, 0.04);
  EXPECT_NEAR(fit.alpha, kTrue.alpha, 0.05);
}

TEST(FitPowerLaw, ExactSpectrumGivesExactParameters) {
  std::vector<BinnedSpectrum::Bin> bins;
  for (double frequency_Hz = 0.02; frequency_Hz < 5.0; frequency_Hz *= 1.1) {
    bins.push_back({frequency_Hz, 1e-6 + 4e-6 * std::pow(frequency_Hz / 0.1, -1.7), 1e-6, 1e6});
  }
  PowerLawPrior prior;
  prior.alpha_mean = -1.7;
  const PowerLaw free_fit = fit_power_law(bins, 0.1, prior);
  EXPECT_NEAR(free_fit.sigma, 2e-3, 1e-9);
  EXPECT_NEAR(free_fit.alpha, -1.7, 1e-6);
  prior.alpha_mean = -1.3;
  prior.fixed_alpha = -1.7;
  EXPECT_NEAR(fit_power_law(bins, 0.1, prior).sigma, 2e-3, 1e-9);
  EXPECT_EQ(fit_power_law(bins, 0.1, prior).alpha, -1.7);
}

TEST(FitPowerLaw, WithoutDataThePriorRemains) {
  PowerLawPrior prior;
  prior.alpha_mean = -1.3;
  const PowerLaw fit = fit_power_law({}, 0.1, prior);
  EXPECT_EQ(fit.sigma, 0.0);
  EXPECT_EQ(fit.alpha, -1.3);
}

}  // namespace
}  // namespace comap
