#include "stages/gain_filter/line_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "unit/stages/gain_filter/synthetic_feed.hpp"

namespace comap::test {
namespace {

constexpr std::size_t kBand = 2;
constexpr double kLine_GHz = 31.2;
constexpr double kVariance = 1.0 / (2e9 / kChannels * kSampleTime_s);

GainFilterConfig line_config() {
  GainFilterConfig config = plain_config();
  config.method = GainFilterMethod::line;
  config.line_mask = {{kLine_GHz, 0.07}};
  return config;
}

/// The band's gain, sky and slope of the sky: g + s (a + b x) is y but for its median, which is 0.
double gain_at(std::size_t t) { return 2e-3 * odd_wave(t, 9.0); }
double sky_K(std::size_t channel, std::size_t t) {
  return (0.8 - 1.9 * std::log(frequency_of(kBand, channel) / 30.0)) * odd_wave(t, 5.0);
}
double line_K(std::size_t channel, std::size_t t) {
  return std::abs(frequency_of(kBand, channel) - kLine_GHz) < 0.04 ? 0.4 * odd_wave(t, 3.0) : 0.0;
}

/// y is exactly g + s (a + b x) + s line: the product of gain and sky is left out.
FeedData smooth_feed(bool with_line) {
  FeedData data = quiet_feed();
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      const double m = temperature_of(channel);
      for (std::size_t t = 0; t < kSamples; ++t) {
        double y = 0.0;
        if (band == kBand) y = gain_at(t) + (sky_K(channel, t) + (with_line ? line_K(channel, t) : 0.0)) / m;
        sample(data, band, channel, t) = static_cast<float>(kGain * m * (1.0 + y));
      }
    }
  }
  return data;
}

LineBand filter_band(const FeedData& data, const GainFilterConfig& config) {
  FeedBlock block;
  block.band = kBand;
  block.n_samples = kSamples;
  block.n_channels = kChannels;
  block.stride = kSamples;
  block.tod = data.tod.data() + kBand * kChannels * kSamples;
  const std::vector<double> gain(kChannels, kGain);
  return filter_line_band(block, gain,
                          std::span(data.observation.level1.frequency_GHz).subspan(kBand * kChannels, kChannels),
                          kVariance, config);
}

TEST(LineFilter, RemovesGainSkyAndSlopeExactly) {
  const LineBand band = filter_band(smooth_feed(false), line_config());
  ASSERT_EQ(band.channels.size(), kChannels - 8);
  ASSERT_EQ(band.temperature_K.size(), band.channels.size() * kSamples);
  for (std::size_t i = 0; i < band.channels.size(); ++i) {
    // Floats near 1 are rounded to 6e-8 of the system temperature.
    const double tolerance_K = 2e-7 * temperature_of(band.channels[i]);
    for (std::size_t t = 0; t < kSamples; ++t) ASSERT_NEAR(band.temperature_K[i * kSamples + t], 0.0, tolerance_K) << i;
  }
}

TEST(LineFilter, KeepsTheMaskedLine) {
  const LineBand band = filter_band(smooth_feed(true), line_config());
  std::size_t n_line = 0;
  for (std::size_t i = 0; i < band.channels.size(); ++i) {
    for (std::size_t t = 0; t < kSamples; t += 10) {
      ASSERT_NEAR(band.temperature_K[i * kSamples + t], line_K(band.channels[i], t), 4e-5) << band.channels[i];
    }
    if (line_K(band.channels[i], 37) != 0.0) {
      ++n_line;
      EXPECT_EQ(band.in_fit[i], 0);
    }
    const double m = temperature_of(band.channels[i]);
    EXPECT_NEAR(band.variance_K2[i], m * m * kVariance, 1e-6 * m * m * kVariance);
  }
  EXPECT_EQ(n_line, 3U);
}

TEST(LineFilter, UnmaskedLineLosesStrength) {
  GainFilterConfig config = line_config();
  config.line_mask.clear();
  const LineBand band = filter_band(smooth_feed(true), config);
  double lost = 0.0;
  for (std::size_t i = 0; i < band.channels.size(); ++i) {
    lost += std::abs(band.temperature_K[i * kSamples + 37] - line_K(band.channels[i], 37));
  }
  EXPECT_GT(lost, 0.05);
}

TEST(LineFilter, NoiseLosesThreeDegreesOfFreedom) {
  FeedData data = smooth_feed(false);
  add_noise(data, 21);
  GainFilterConfig config = line_config();
  config.line_mask.clear();
  const LineBand band = filter_band(data, config);
  double sum = 0.0;
  for (std::size_t i = 0; i < band.channels.size(); ++i) {
    for (std::size_t t = 0; t < kSamples; ++t) {
      const double value = band.temperature_K[i * kSamples + t];
      sum += value * value / band.variance_K2[i];
    }
  }
  const auto n = static_cast<double>(band.channels.size());
  EXPECT_NEAR(sum / kSamples, n - 3.0, 0.02 * n);
}

TEST(LineFilter, TooFewChannels) {
  GainFilterConfig config = line_config();
  config.line_mask = {{31.0, 0.9}};
  EXPECT_TRUE(filter_band(smooth_feed(false), config).channels.empty());
}

TEST(LineChannels, WidthAndAtLeastThree) {
  const std::vector<double> frequencies = {31.0, 30.9, 30.8, 30.7, 30.6, 30.5};
  using Flags = std::vector<std::uint8_t>;
  EXPECT_EQ(line_channels(frequencies, {{30.8, 0.01}}), (Flags{0, 1, 1, 1, 0, 0}));
  EXPECT_EQ(line_channels(frequencies, {{30.72, 0.25}}), (Flags{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(line_channels(frequencies, {{33.0, 0.2}}), (Flags{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(line_channels(frequencies, {{31.02, 0.001}}), (Flags{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(line_channels(frequencies, {}), Flags(6, 0));
}

// The stage: averages of the same T, and the noise that it states for them.
TEST(LineStage, AveragesOverSubBands) {
  FeedData data = smooth_feed(true);
  const GainFilterConfig config = line_config();
  const LineBand band = filter_band(data, config);
  const ProductTable products = run_gain_filter(data, config);
  const auto filtered = products.flat(level2::kBinnedFiltered);
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t t = 0; t < kSamples; t += 10) {
      double sum = 0.0, weights = 0.0;
      for (std::size_t i = 0; i < band.channels.size(); ++i) {
        if (band.channels[i] / (kChannels / 2) != half) continue;
        sum += band.temperature_K[i * kSamples + t] / band.variance_K2[i];
        weights += 1.0 / band.variance_K2[i];
      }
      ASSERT_NEAR(filtered[(2 * kBand + half) * kSamples + t], sum / weights, 1e-5) << half << " " << t;
    }
  }
  EXPECT_TRUE(std::isnan(products.flat(level2::kSigmaCommon)[0]));
}

TEST(LineStage, StatesItsNoise) {
  FeedData data = smooth_feed(false);
  add_noise(data, 22);
  for (const bool masked : {false, true}) {
    GainFilterConfig config = line_config();
    if (masked) config.line_mask = {{kLine_GHz, 0.3}};
    if (!masked) config.line_mask.clear();
    const ProductTable products = run_gain_filter(data, config);
    const auto filtered = products.flat(level2::kBinnedFiltered);
    const auto variance = products.flat(level2::kWhiteVariance);
    for (std::size_t i = 0; i < kSubBands; ++i) {
      const double measured = std::pow(rms(filtered.subspan(i * kSamples, kSamples)), 2);
      EXPECT_NEAR(measured, variance[i], 0.1 * variance[i]) << i;
    }
  }
}

}  // namespace
}  // namespace comap::test
