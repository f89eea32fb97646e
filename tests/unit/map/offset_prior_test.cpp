#include "map/offset_prior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "core/error.hpp"
#include "math/fft.hpp"

namespace comap {
namespace {

TEST(CosineTransform, IsOrthonormalAndKnowsItsModes) {
  CosineTransform modes(48);
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values(48);
  for (double& value : values) value = normal(random);
  std::ranges::copy(values, modes.values().begin());
  modes.forward();
  EXPECT_NEAR(std::inner_product(modes.values().begin(), modes.values().end(), modes.values().begin(), 0.0),
              std::inner_product(values.begin(), values.end(), values.begin(), 0.0), 1e-12);
  modes.inverse();
  for (std::size_t i = 0; i < 48; ++i) EXPECT_NEAR(modes.values()[i], values[i], 1e-13);

  for (std::size_t i = 0; i < 48; ++i) modes.values()[i] = std::cos(M_PI * (static_cast<double>(i) + 0.5) * 5.0 / 48.0);
  modes.forward();
  for (std::size_t k = 0; k < 48; ++k) EXPECT_NEAR(modes.values()[k], k == 5 ? std::sqrt(24.0) : 0.0, 1e-12) << k;
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
        modes.values()[o] = std::accumulate(first, first + kLength, 0.0) / kLength;
      }
      modes.forward();
      for (std::size_t k = 0; k < n_offsets; ++k) measured[k] += modes.values()[k] * modes.values()[k];
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

TEST(OffsetPrior, RefusesAPriorOfAnotherLength) {
  std::vector<DestriperSegment> segments(1);
  segments[0].n_samples = 100;
  segments[0].prior_variance_K2.assign(9, 1.0);
  const OffsetLayout layout = make_offset_layout(segments, 10);
  EXPECT_THROW(OffsetPrior(segments, layout), Bug);
}

}  // namespace
}  // namespace comap
