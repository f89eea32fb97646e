#include "destripe/offset_prior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "core/error.hpp"
#include "math/fft.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

// Against the definition, for lengths of any kind, alone and as one of three interleaved series.
TEST(CosineTransform, IsTheSumOfCosinesAndComesBack) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {1, 2, 3, 7, 48, 205}) {
    for (const std::size_t stride : {1, 3}) {
      std::vector<double> values(n * stride);
      for (double& value : values) value = normal(random);
      const std::vector<double> before = values;
      CosineTransform transform(n);
      transform.forward(values, stride);
      for (std::size_t k = 0; k < n; ++k) {
        double expected = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
          const double phase = M_PI * (static_cast<double>(j) + 0.5) * static_cast<double>(k) / static_cast<double>(n);
          expected += before[j * stride] * std::cos(phase);
        }
        expected *= std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n));
        EXPECT_NEAR(values[k * stride], expected, 1e-12) << "mode " << k << " of " << n;
      }
      transform.inverse(values, stride);
      for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], before[i], 1e-13) << i << " of " << n;
    }
  }
}

TEST(OffsetPrior, WhiteNoiseAveragesDown) {
  const auto variance = offset_mode_variance([](double) { return 4.0; }, 40, 25, 0.02);
  for (std::size_t k = 4; k < 40; ++k) EXPECT_NEAR(variance[k], 4.0 / 25.0, 1e-12) << k;
  for (std::size_t k = 0; k < 4; ++k) EXPECT_GT(variance[k], 100.0);
}

/// The modes of offsets of simulated 1/f noise have the variance that is predicted.
TEST(OffsetPrior, PredictsTheOffsetsOfCorrelatedNoise) {
  constexpr std::size_t kSamples = 1 << 16, kSegment = 4096;
  constexpr int kLength = 16;
  constexpr double kStep_s = 0.02;
  const auto power = [](double frequency_Hz) { return std::pow(frequency_Hz / 0.1, -1.3); };
  const std::size_t n_offsets = kSegment / kLength;
  const auto predicted = offset_mode_variance(power, n_offsets, kLength, kStep_s);
  std::vector<double> measured(n_offsets, 0.0);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  RealFft fft(kSamples);
  CosineTransform modes(n_offsets);
  std::vector<double> offsets(n_offsets);
  int n_segments = 0;
  for (int trial = 0; trial < 60; ++trial) {
    for (double& value : fft.samples()) value = normal(random);
    fft.forward();
    fft.spectrum()[0] = 0.0;
    for (std::size_t k = 1; k <= kSamples / 2; ++k)
      fft.spectrum()[k] *= std::sqrt(power(static_cast<double>(k) / (kSamples * kStep_s)));
    fft.inverse();
    for (std::size_t start = 0; start < kSamples; start += kSegment, ++n_segments) {
      for (std::size_t o = 0; o < n_offsets; ++o) {
        const auto first = fft.samples().begin() + static_cast<std::ptrdiff_t>(start + o * kLength);
        offsets[o] = std::accumulate(first, first + kLength, 0.0) / kLength;
      }
      modes.forward(offsets);
      for (std::size_t k = 0; k < n_offsets; ++k) measured[k] += offsets[k] * offsets[k];
    }
  }
  for (std::size_t low = 8; 2 * low <= n_offsets; low *= 2) {
    double found = 0.0, expected = 0.0;
    for (std::size_t k = low; k < 2 * low; ++k) {
      found += measured[k] / n_segments;
      expected += predicted[k];
    }
    EXPECT_NEAR(found / expected, 1.0, 0.05) << "modes " << low << " to " << 2 * low;
  }
}

TEST(OffsetInverse, RefusesAPriorOfAnotherLength) {
  test::CrossingScans scans = test::crossing_scans(1, 100);
  scans.data.streams[0].prior_variance_K2 = {std::vector<double>(9, 1.0)};
  DestriperSettings settings;
  settings.n_pixels = scans.n_pixels;
  settings.offset_length = 10;
  EXPECT_THROW(destripe(scans.data, settings, SerialCommunicator()), Bug);
}

}  // namespace
}  // namespace comap
