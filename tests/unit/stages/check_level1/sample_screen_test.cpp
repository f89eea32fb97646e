#include "stages/check_level1/sample_screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>

#include "core/constants.hpp"
#include "data/sample_flag.hpp"

namespace comap {
namespace {

constexpr int kChannels = 64;
constexpr std::int64_t kSamples = 1000;
constexpr double kSampleTime_s = 0.02;
constexpr double kWidth_GHz = 2.0 / kChannels;
constexpr float kInf = std::numeric_limits<float>::infinity();

/// One band of noise as the radiometer equation has it times `noise`, on a passband that falls by a factor of 64.
struct Band {
  Level1Metadata level1;
  CheckLevel1Config limits;
  std::vector<float> tod = std::vector<float>(kChannels * kSamples);
  std::vector<std::uint8_t> flags = std::vector<std::uint8_t>(kSamples, 255);
  std::uint8_t in_single_channels = 0;

  explicit Band(double noise = 1.0) {
    level1.n_channels = kChannels;
    level1.sample_time_s = kSampleTime_s;
    for (int i = 0; i < 4 * kChannels; ++i) level1.frequency_GHz.push_back(26.0 + kWidth_GHz * i);
    std::mt19937 random(7);
    std::normal_distribution<double> normal(0.0, noise / std::sqrt(kWidth_GHz * 1e9 * kSampleTime_s));
    for (int c = 0; c < kChannels; ++c) {
      for (std::int64_t t = 0; t < kSamples; ++t) at(c, t) = static_cast<float>(1e6 / (1 + c) * (1.0 + normal(random)));
    }
  }
  float& at(int channel, std::int64_t sample) { return tod[static_cast<std::size_t>(channel * kSamples + sample)]; }
  void set(std::int64_t first, std::int64_t end, float value) {
    for (int c = 0; c < kChannels; ++c) {
      for (std::int64_t t = first; t < end; ++t) at(c, t) = value;
    }
  }
  void scale(std::int64_t first, std::int64_t end, float factor) {
    for (int c = 0; c < kChannels; ++c) {
      for (std::int64_t t = first; t < end; ++t) at(c, t) *= factor;
    }
  }
  void freeze(std::int64_t first, std::int64_t end) {
    for (int c = 0; c < kChannels; ++c) {
      for (std::int64_t t = first; t < end; ++t) at(c, t) = at(c, first - 1);
    }
  }
  void screen(int scan = 0) {
    FeedBlock block;
    block.scan = scan;
    block.n_samples = block.stride = kSamples;
    block.n_channels = kChannels;
    block.tod = tod.data();
    SampleScreen screen(level1, limits);
    screen.begin(block, tod.data(), flags);
    for (int first = 0; first < kChannels; first += 10) screen.screen_channels(first, std::min(first + 10, kChannels));
    screen.end();
    in_single_channels = screen.in_single_channels();
  }
  std::int64_t n_missing() const {
    return std::ranges::count_if(tod, [](float value) { return std::isnan(value); });
  }
  std::int64_t n_flagged(int flag) const { return std::ranges::count(flags, flag); }
  /// [first, end) is flagged so, and missing in all channels, and nothing else is.
  void expect(std::int64_t first, std::int64_t end, int flag) const {
    for (std::int64_t t = first; t < end; ++t) EXPECT_EQ(flags[static_cast<std::size_t>(t)], flag) << t;
    EXPECT_EQ(n_flagged(0), kSamples - (end - first));
    EXPECT_EQ(n_missing(), kChannels * (end - first));
  }
};

TEST(SampleScreen, CleanSamplesStayBitForBit) {
  Band band;
  const std::vector<float> before = band.tod;
  band.screen();
  EXPECT_EQ(band.tod, before);
  EXPECT_EQ(band.n_flagged(0), kSamples);
}

TEST(SampleScreen, CountsThatAreNoPowerAreMissing) {
  const std::vector<std::pair<float, int>> cases = {
      {0.0F, sample_flag::kNotPositive}, {-5.0F, sample_flag::kNotPositive}, {-kInf, sample_flag::kNotPositive},
      {kInf, sample_flag::kAbsurd},      {1e30F, sample_flag::kAbsurd},      {kFloatNan, sample_flag::kMissing}};
  for (const auto& [value, flag] : cases) {
    Band band;
    band.set(500, 520, value);
    band.screen();
    band.expect(500, 520, flag);
  }
}

TEST(SampleScreen, SecondsOfASunArePowerStill) {
  Band band;
  for (int c = 0; c < kChannels; ++c) {
    for (std::int64_t t = 300; t < 500; ++t) band.at(c, t) *= 2.0F;
  }
  band.screen();
  EXPECT_EQ(band.n_missing(), 0);
}

TEST(SampleScreen, ALeapAndBackCostsItsSamples) {
  for (const auto& [first, end, factor] :
       {std::tuple{400, 401, 1.5F}, {400, 401, 0.5F}, {400, 420, 5.0F}, {300, 345, 1.3F}}) {
    Band band;
    band.scale(first, end, factor);
    band.screen();
    band.expect(first, end, sample_flag::kAbsurd);
  }
  Band vane;
  vane.scale(400, 420, 5.0F);
  vane.screen(-1);
  EXPECT_EQ(vane.n_missing(), 0) << "no scan";
}

TEST(SampleScreen, AStepAndASourceAreNoLeaps) {
  Band step;
  step.scale(400, kSamples, 1.3F);
  step.screen();
  EXPECT_EQ(step.n_missing(), 0);
  Band source;  // 8 K on 45 K, crossed in a tenth of a second
  for (std::int64_t t = 390; t < 411; ++t) {
    const double x = static_cast<double>(t - 400) / 2.0;
    source.scale(t, t + 1, static_cast<float>(1.0 + 0.18 * std::exp(-0.5 * x * x)));
  }
  source.screen();
  EXPECT_EQ(source.n_missing(), 0);
}

TEST(SampleScreen, RepeatsAreMissingButForTheFirst) {
  Band band;
  band.freeze(500, 501);
  band.freeze(600, 900);
  band.screen();
  EXPECT_EQ(band.n_flagged(sample_flag::kRepeated), 301);
  EXPECT_EQ(band.flags[599], 0);
  EXPECT_EQ(band.n_missing(), 301 * kChannels);
  Band tolerant;
  tolerant.limits.max_repeats = 2;
  tolerant.freeze(600, 604);
  tolerant.screen();
  tolerant.expect(602, 604, sample_flag::kRepeated);
}

TEST(SampleScreen, RepeatsInSomeChannelsAreNone) {
  Band band;
  for (int c = 0; c + 1 < kChannels; ++c) band.at(c, 700) = band.at(c, 699);
  band.screen();
  EXPECT_EQ(band.n_missing(), 0);
}

TEST(SampleScreen, ARepeatIsFoundWhereChannelsAreDead) {
  Band band;
  for (int c = 20; c < 40; ++c) {
    for (std::int64_t t = 0; t < kSamples; ++t) band.at(c, t) = c < 30 ? kFloatNan : 0.0F;
  }
  band.freeze(600, 650);
  band.screen();
  EXPECT_EQ(band.n_flagged(sample_flag::kRepeated), 50);
  EXPECT_EQ(band.in_single_channels, sample_flag::kNotPositive);
}

TEST(SampleScreen, OneChannelLosesItsOwnSamplesOnly) {
  Band band;
  for (std::int64_t t = 100; t < 130; ++t) band.at(33, t) = 1e30F;
  band.at(5, 7) = 0.0F;
  band.screen();
  EXPECT_EQ(band.n_missing(), 31);
  EXPECT_EQ(band.n_flagged(0), kSamples);
  EXPECT_EQ(band.in_single_channels, sample_flag::kAbsurd | sample_flag::kNotPositive);
}

TEST(SampleScreen, AChannelOfGarbageIsMissing) {
  Band band;
  for (std::int64_t t = 0; t < kSamples; ++t) band.at(33, t) = 1e30F * static_cast<float>(1 + t % 2);
  band.screen();
  EXPECT_EQ(band.n_missing(), kSamples);
  EXPECT_EQ(band.n_flagged(0), kSamples);
}

TEST(SampleScreen, SharedByHalfOfTheChannelsIsSharedByAll) {
  Band band;
  for (int c = 0; c < 40; ++c) band.at(c, 250) = kFloatNan;
  for (int c = 0; c < 20; ++c) band.at(c, 260) = kFloatNan;
  band.screen();
  EXPECT_EQ(band.flags[250], sample_flag::kMissing);
  EXPECT_EQ(band.flags[260], 0);
  EXPECT_EQ(band.n_missing(), kChannels + 20);
}

TEST(SampleScreen, AQuietScanIsLost) {
  for (const double noise : {0.9, 0.6, 1e-3}) {
    Band band(noise);
    band.set(10, 15, 0.0F);
    band.screen();
    const bool is_quiet = noise * noise < band.limits.min_noise_ratio;
    EXPECT_EQ(band.n_flagged(sample_flag::kQuiet), is_quiet ? kSamples : 0) << noise;
    EXPECT_EQ(band.n_missing(), kChannels * (is_quiet ? kSamples : 5)) << noise;
  }
  Band between_scans(1e-3);
  between_scans.screen(-1);
  EXPECT_EQ(between_scans.n_missing(), 0);
}

TEST(SampleScreen, ConstantCountsAreRepeats) {
  Band band;
  band.set(0, kSamples, 3e5F);
  band.screen();
  EXPECT_EQ(band.n_flagged(sample_flag::kRepeated), kSamples - 1);
}

TEST(SampleScreen, ABandWithoutAnythingSaysWhatItHasInstead) {
  for (const auto& [value, flag] :
       {std::pair{kFloatNan, sample_flag::kMissing}, std::pair{0.0F, sample_flag::kNotPositive}}) {
    Band band;
    band.set(0, kSamples, value);
    band.screen();
    band.expect(0, kSamples, flag);
  }
}

}  // namespace
}  // namespace comap
