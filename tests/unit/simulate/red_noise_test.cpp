#include "simulate/red_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

/// |sum_t x_t w_t exp(-2 pi i k t / n)|^2 / n with a Hann window of mean square 1: the definition, without an FFT.
double windowed_power(const std::vector<double>& x, std::size_t k) {
  const auto n = static_cast<double>(x.size());
  double real = 0.0, imaginary = 0.0;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const double phase = 2.0 * std::numbers::pi * static_cast<double>(t) / n;
    const double window = (1.0 - std::cos(phase)) / std::sqrt(1.5);
    real += x[t] * window * std::cos(phase * static_cast<double>(k));
    imaginary -= x[t] * window * std::sin(phase * static_cast<double>(k));
  }
  return (real * real + imaginary * imaginary) / n;
}

// Mean periodogram of many series against sigma^2 (f / 0.1 Hz)^alpha.
TEST(RedNoise, HasThePowerLawSpectrum) {
  constexpr double kRate_Hz = 50.0;
  constexpr std::size_t kLength = 3000;
  constexpr int kSeries = 400;
  for (const double alpha : {-1.0, -1.3, -2.0}) {
    const PowerLaw law{1.5e-3, alpha};
    std::vector<std::size_t> modes = {6, 20, 60, 300, 1200};
    std::vector<double> power(modes.size(), 0.0);
    for (int series = 0; series < kSeries; ++series) {
      const auto key = stream_key(5, Purpose::gain, {series});
      const std::vector<double> x = red_noise(kLength, kRate_Hz, law, key);
      ASSERT_EQ(x.size(), kLength);
      for (std::size_t i = 0; i < modes.size(); ++i) power[i] += windowed_power(x, modes[i]) / kSeries;
    }
    for (std::size_t i = 0; i < modes.size(); ++i) {
      const double frequency_Hz = static_cast<double>(modes[i]) * kRate_Hz / kLength;
      const double expected = law.sigma * law.sigma * std::pow(frequency_Hz / 0.1, alpha);
      // Relative error of a mean of 400 exponential numbers is 5 %; the window bends a steep law at low modes.
      EXPECT_NEAR(power[i] / expected, 1.0, 0.2) << "alpha " << alpha << ", " << frequency_Hz << " Hz";
    }
  }
}

TEST(RedNoise, RepeatsForAKeyAndIsZeroWithoutSigma) {
  EXPECT_EQ(red_noise(500, 50.0, {1e-3, -1.3}, 9), red_noise(500, 50.0, {1e-3, -1.3}, 9));
  EXPECT_NE(red_noise(500, 50.0, {1e-3, -1.3}, 9), red_noise(500, 50.0, {1e-3, -1.3}, 10));
  EXPECT_EQ(red_noise(3, 50.0, {0.0, -1.3}, 9), std::vector<double>(3, 0.0));
}

// The ends of the series must not meet: a periodic series would have the same first and last value.
TEST(RedNoise, IsNotPeriodic) {
  double step = 0.0, ends = 0.0;
  for (std::uint64_t key = 0; key < 50; ++key) {
    const std::vector<double> x = red_noise(4096, 50.0, {1.0, -2.0}, key);
    step += std::pow(x[1] - x[0], 2);
    ends += std::pow(x.back() - x.front(), 2);
  }
  EXPECT_GT(ends, 100.0 * step);
}

}  // namespace
}  // namespace comap::simulate
