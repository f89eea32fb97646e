// The Gaussian fit against exact Gaussians and against the scatter of repeated fits.

#include "math/source_fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

namespace comap {
namespace {

constexpr SourceVector kStart = {5.0, 0.01, 0.0, 0.032, 0.032, 0.0};

/// A raster of 31 rows across the source, with an airmass and time running through it.
struct Raster {
  std::vector<double> x, y, values;
  std::vector<std::vector<double>> templates{{}, {}};

  explicit Raster(const SourceVector& source, double trend_K = 0.0) {
    constexpr int kRows = 31, kColumns = 61;
    for (int row = 0; row < kRows; ++row) {
      for (int column = 0; column < kColumns; ++column) {
        const double t = static_cast<double>(row * kColumns + column) / (kRows * kColumns);
        x.push_back(-0.25 + 0.5 * column / (kColumns - 1.0));
        y.push_back(-0.25 + 0.5 * row / (kRows - 1.0));
        templates[0].push_back(t);
        templates[1].push_back(1.3 + 0.01 * y.back() + 0.02 * t * t);
        const double cosine = std::cos(source[kAngle]), sine = std::sin(source[kAngle]);
        const double u = (x.back() - source[kX]) * cosine + (y.back() - source[kY]) * sine;
        const double v = (y.back() - source[kY]) * cosine - (x.back() - source[kX]) * sine;
        const double shape = std::exp(
            -0.5 * (u * u / (source[kSigmaX] * source[kSigmaX]) + v * v / (source[kSigmaY] * source[kSigmaY])));
        values.push_back(source[kAmplitude] * shape + trend_K * (40.0 - 2.0 * t + 30.0 * templates[1].back()));
      }
    }
  }
  std::optional<SourceFit> fit(bool fit_angle = false) const {
    Background background;
    background.add_stretch(0, x.size(), templates);
    return fit_source({x, y, values, background}, kStart, fit_angle);
  }
};

TEST(SourceFit, AnExactGaussianOnATrendIsFoundExactly) {
  const SourceVector truth = {6.2, 0.013, -0.021, 0.035, 0.029, 0.0};
  const Raster raster(truth, 1.0);
  const auto fit = raster.fit();
  ASSERT_TRUE(fit);
  for (std::size_t i = 0; i < kSourceParameters; ++i) EXPECT_NEAR(fit->value[i], truth[i], 1e-7) << i;
  for (const double residual : fit->residual_K) EXPECT_NEAR(residual, 0.0, 1e-7);
  EXPECT_EQ(fit->inverse_normal[kAngle][kAngle], 0.0);
  EXPECT_NEAR(source_model_K(fit->value, truth[kX], truth[kY]), 6.2, 1e-7);
}

TEST(SourceFit, TheAngleIsFoundWhenItIsFree) {
  const SourceVector truth = {2.0, -0.01, 0.02, 0.05, 0.03, 0.6};
  const auto fit = Raster(truth).fit(true);
  ASSERT_TRUE(fit);
  const bool swapped = fit->value[kSigmaX] < fit->value[kSigmaY];
  EXPECT_NEAR(std::max(fit->value[kSigmaX], fit->value[kSigmaY]), 0.05, 1e-7);
  EXPECT_NEAR(std::min(fit->value[kSigmaX], fit->value[kSigmaY]), 0.03, 1e-7);
  const double angle = fit->value[kAngle] + (swapped ? std::numbers::pi / 2 : 0.0);
  EXPECT_NEAR(std::remainder(angle - 0.6, std::numbers::pi), 0.0, 1e-6);
}

TEST(SourceFit, ErrorsAreTheScatterOfRepeatedFits) {
  const SourceVector truth = {1.0, 0.0, 0.01, 0.032, 0.034, 0.0};
  constexpr double kNoise_K = 0.02;
  constexpr int kTrials = 300;
  Raster raster(truth);
  const std::vector<double> exact = raster.values;
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise(0.0, kNoise_K);
  SourceVector sum{}, squares{}, stated{};
  for (int trial = 0; trial < kTrials; ++trial) {
    for (std::size_t i = 0; i < exact.size(); ++i) raster.values[i] = exact[i] + noise(random);
    const auto fit = raster.fit();
    ASSERT_TRUE(fit);
    for (std::size_t i = 0; i < kAngle; ++i) {
      sum[i] += (fit->value[i] - truth[i]) / kTrials;
      squares[i] += std::pow(fit->value[i] - truth[i], 2) / kTrials;
      stated[i] = kNoise_K * std::sqrt(fit->inverse_normal[i][i]);
    }
  }
  for (std::size_t i = 0; i < kAngle; ++i) {
    EXPECT_NEAR(std::sqrt(squares[i]) / stated[i], 1.0, 0.15) << i;
    EXPECT_LT(std::abs(sum[i]), 0.25 * stated[i]) << i;
  }
}

// Noise that is correlated over the time of a beam: the errors of white noise of its rms are too small.
TEST(SourceFit, ErrorsInCorrelatedNoiseAreTheScatterOfRepeatedFits) {
  const SourceVector truth = {1.0, 0.0, 0.01, 0.032, 0.034, 0.0};
  constexpr double kKept = 0.9, kStep_K = 0.01;  // noise[i] = kKept noise[i - 1] + normal
  constexpr int kTrials = 300;
  Raster raster(truth);
  const std::vector<double> exact = raster.values;
  const std::size_t n = exact.size();
  RealFft fft(n);
  std::vector<double> power_K2;
  for (std::size_t k = 0; k <= n / 2; ++k) {
    const double turn = 2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    power_K2.push_back(kStep_K * kStep_K / (1.0 + kKept * kKept - 2.0 * kKept * std::cos(turn)));
  }
  std::vector<std::size_t> place(n);
  std::iota(place.begin(), place.end(), std::size_t{0});
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal(0.0, kStep_K);
  SourceVector squares{}, stated{};
  for (int trial = 0; trial < kTrials; ++trial) {
    double noise_K = 0.0;
    for (int i = 0; i < 100; ++i) noise_K = kKept * noise_K + normal(random);
    for (std::size_t i = 0; i < n; ++i) {
      noise_K = kKept * noise_K + normal(random);
      raster.values[i] = exact[i] + noise_K;
    }
    const auto fit = raster.fit();
    ASSERT_TRUE(fit);
    const SourceMatrix covariance = correlated_covariance(*fit, place, power_K2, fft);
    for (std::size_t i = 0; i < kAngle; ++i) {
      squares[i] += std::pow(fit->value[i] - truth[i], 2) / kTrials;
      stated[i] = std::sqrt(covariance[i][i]);
    }
  }
  for (std::size_t i = 0; i < kAngle; ++i) EXPECT_NEAR(std::sqrt(squares[i]) / stated[i], 1.0, 0.15) << i;
}

TEST(SourceFit, TemplatesThatDependOnOthersAreNoError) {
  const SourceVector truth = {1.0, 0.0, 0.0, 0.032, 0.032, 0.0};
  Raster raster(truth, 1.0);
  raster.templates[1] = raster.templates[0];
  raster.templates.push_back(std::vector<double>(raster.x.size(), 1.3));
  raster.values = Raster(truth).values;
  const auto fit = raster.fit();
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->value[kAmplitude], 1.0, 1e-7);
}

TEST(SourceFit, TooFewSamplesGiveNothing) {
  const std::vector<double> few = {0.0, 0.1, 0.2, 0.3};
  EXPECT_FALSE(fit_source({few, few, few, {}}, kStart, false));
  EXPECT_FALSE(fit_source({{}, {}, {}, {}}, kStart, false));
}

}  // namespace
}  // namespace comap
