#include "stages/gain_filter/gain_filter.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "stages/gain_filter/channel_selection.hpp"
#include "stages/gain_filter/channel_sums.hpp"
#include "unit/stages/gain_filter/synthetic_feed.hpp"

namespace comap::test {
namespace {

// A sky a_h + b_h x, another one in every sub-band, is what the gain estimate must not see, whatever it expects of
// gain.
TEST(GainFilter, FreeSkyPassesForAnyPrior) {
  const auto amplitude = [](std::size_t band, std::size_t channel) {
    const double a = 0.1 + 0.02 * static_cast<double>(2 * band + channel / (kChannels / 2));
    return a * (1.0 - 2.5 * std::log(frequency_of(band, channel) / 30.0));
  };
  FeedData data = quiet_feed();
  fill(data, kNoGain, [&](std::size_t band, std::size_t channel, std::size_t t) {
    return amplitude(band, channel) * odd_wave(t, 7.0);
  });
  for (const double sigma : {1e-5, 1e-3, 1.0}) {
    GainFilterConfig config = plain_config();
    config.prior_sigma = sigma;
    config.prior_alpha = -1.3;
    const ProductTable products = run_gain_filter(data, config);
    const auto filtered = products.flat(level2::kBinnedFiltered);
    for (std::size_t sub_band = 0; sub_band < kSubBands; ++sub_band) {
      double sum = 0.0, weights = 0.0;
      const std::size_t first = sub_band % 2 == 0 ? 4 : kChannels / 2;
      for (std::size_t channel = first; channel < first + kChannels / 2 - 4; ++channel) {
        const double weight = 1.0 / (temperature_of(channel) * temperature_of(channel));
        sum += weight * amplitude(sub_band / 2, channel);
        weights += weight;
      }
      for (std::size_t t = 0; t < kSamples; t += 50) {
        ASSERT_NEAR(filtered[sub_band * kSamples + t], sum / weights * odd_wave(t, 7.0), 5e-5) << sigma << " " << t;
      }
    }
  }
}

TEST(GainFilter, GainIsTakenOut) {
  FeedData data = quiet_feed();
  fill(
      data, [](std::size_t, std::size_t, std::size_t t) { return 1e-3 * odd_wave(t, 10.0); }, kNoSky);
  GainFilterConfig config = plain_config();
  config.prior_sigma = 1e-2;
  config.prior_alpha = -1.3;
  const ProductTable products = run_gain_filter(data, config);
  EXPECT_GT(rms(products.flat(level2::kBinned)), 0.02);
  EXPECT_LT(rms(products.flat(level2::kBinnedFiltered)), 0.001);
}

TEST(GainFilter, NanChannelLeavesItsSubBandFinite) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 1);
  for (std::size_t t = 0; t < kSamples; ++t) sample(data, 2, 40, t) = kFloatNan;
  for (std::size_t t = 0; t < kSamples; t += 50) sample(data, 2, 45, t) = kFloatNan;
  data.gain_counts_per_K[2 * kChannels + 50] = kFloatNan;
  const ProductTable products = run_gain_filter(data, plain_config());
  for (const float value : products.flat(level2::kBinnedFiltered)) ASSERT_TRUE(std::isfinite(value));
  const auto mask = products.flat(level2::kChannelMask);
  EXPECT_EQ(mask[2 * kChannels + 40], channel_flag::kCalibration);
  EXPECT_EQ(mask[2 * kChannels + 45], channel_flag::kMissing);
  EXPECT_EQ(mask[2 * kChannels + 50], channel_flag::kCalibration);
  EXPECT_EQ(mask[2 * kChannels + 41], 0);
  EXPECT_EQ(mask[0], channel_flag::kEdge);
}

TEST(GainFilter, NanSampleIsNanInItsSubBandOnly) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 2);
  sample(data, 1, 40, 700) = kFloatNan;
  const ProductTable products = run_gain_filter(data, plain_config());
  for (const auto* dataset : {&level2::kBinned, &level2::kBinnedFiltered}) {
    const auto values = products.flat(*dataset);
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(std::isnan(values[i]), i == 3 * kSamples + 700) << i;
  }
}

TEST(GainFilter, SubBandWithTwoChannelsIsNan) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 3);
  for (std::size_t channel = 2; channel < kChannels / 2 - 2; ++channel) data.gain_counts_per_K[channel] = 0.0F;
  GainFilterConfig config = plain_config();
  config.edge_cut_fraction = 0.0;
  config.centre_cut_fraction = 0.0625;
  const ProductTable products = run_gain_filter(data, config);
  const auto filtered = products.flat(level2::kBinnedFiltered);
  EXPECT_TRUE(std::isnan(filtered[100]));
  EXPECT_TRUE(std::isfinite(filtered[kSamples + 100]));
  EXPECT_TRUE(std::isnan(products.flat(level2::kEffectiveTsys)[0]));
  EXPECT_TRUE(std::isnan(products.flat(level2::kCentralFrequencies)[0]));
}

TEST(GainFilter, UnstableHighChannelLeavesTheGain) {
  FeedData data = quiet_feed();
  const auto wander = [](std::size_t band, std::size_t channel, std::size_t t) {
    return band == 1 && channel == kHigh[2] ? 3e-3 * (odd_wave(t, 9.0) + odd_wave(t, 3.1)) : 0.0;
  };
  fill(data, wander, kNoSky);
  add_noise(data, 4);
  GainFilterConfig config = plain_config();
  const double with_it = rms(run_gain_filter(data, config).flat(level2::kBinnedFiltered));
  config.channel_quality = true;
  const ProductTable products = run_gain_filter(data, config);
  EXPECT_LT(rms(products.flat(level2::kBinnedFiltered)), 0.8 * with_it);
  const auto mask = products.flat(level2::kChannelMask);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    EXPECT_EQ((mask[i] & channel_flag::kUnstable) != 0, i == kChannels + kHigh[2]) << i;
  }
}

TEST(GainFilter, NoisyAndDeadChannelsAreLeftOut) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 5);
  std::mt19937 generator(6);
  std::normal_distribution<float> normal(1.0F, 3e-3F);
  for (std::size_t t = 0; t < kSamples; ++t) {
    sample(data, 0, 30, t) *= normal(generator);
    sample(data, 0, 35, t) = 1000.0F;
  }
  GainFilterConfig config = plain_config();
  config.channel_quality = true;
  const auto products = run_gain_filter(data, config);
  const auto mask = products.flat(level2::kChannelMask);
  EXPECT_EQ(mask[30], channel_flag::kNoise);
  EXPECT_EQ(mask[35], channel_flag::kNoise);
  EXPECT_EQ(mask[31], 0);
}

TEST(GainFilter, AnyNumberOfSubBands) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 7);
  data.observation.scans = {{100, 1500}, {1600, 2900}};
  for (const int n_freq_bin : {1, 3}) {
    GainFilterConfig config = plain_config();
    config.n_freq_bin = n_freq_bin;
    const ProductTable products = run_gain_filter(data, config);
    const auto filtered = products.flat(level2::kBinnedFiltered);
    const auto n_sub_bands = static_cast<std::size_t>(kBands * n_freq_bin);
    ASSERT_EQ(filtered.size(), n_sub_bands * kSamples);
    ASSERT_EQ(products.flat(level2::kEffectiveTsys).size(), n_sub_bands * 2);
    ASSERT_EQ(products.flat(level2::kGainInformation).size(), kBands * 2U);
    for (std::size_t i = 0; i < n_sub_bands; ++i) {
      EXPECT_EQ(filtered[i * kSamples + 99], 0.0F);
      EXPECT_NE(filtered[i * kSamples + 100], 0.0F);
      EXPECT_EQ(filtered[i * kSamples + 1500], 0.0F);
      EXPECT_NE(filtered[i * kSamples + 2899], 0.0F);
    }
  }
}

// One power law for the whole feed is what sky = "power_law" must not see.
TEST(GainFilter, PowerLawSkyPassesForAnyPrior) {
  const auto spectrum = [](double frequency_GHz) {
    const double x = std::log(frequency_GHz / 30.0);
    return std::pow(frequency_GHz / 30.0, -2.4) * (0.2 - 0.05 * x);
  };
  FeedData data = quiet_feed();
  fill(data, kNoGain, [&](std::size_t band, std::size_t channel, std::size_t t) {
    return spectrum(frequency_of(band, channel)) * odd_wave(t, 7.0);
  });
  for (const double sigma : {1e-5, 1e-3, 1.0}) {
    GainFilterConfig config = plain_config();
    config.sky = "power_law";
    config.prior_sigma = sigma;
    config.prior_alpha = -1.3;
    const ProductTable products = run_gain_filter(data, config);
    const auto filtered = products.flat(level2::kBinnedFiltered);
    const auto unfiltered = products.flat(level2::kBinned);
    ASSERT_GT(rms(unfiltered), 0.1);
    for (std::size_t i = 0; i < filtered.size(); i += 50) ASSERT_NEAR(filtered[i], unfiltered[i], 5e-5) << sigma;
  }
}

TEST(GainFilter, PowerLawSkyLeavesLessNoise) {
  FeedData data = quiet_feed();
  fill(
      data, [](std::size_t, std::size_t, std::size_t t) { return 1e-3 * odd_wave(t, 10.0); }, kNoSky);
  add_noise(data, 12);
  GainFilterConfig config = plain_config();
  config.prior_sigma = 1e-2;
  config.prior_alpha = -1.0;
  const ProductTable free = run_gain_filter(data, config);
  config.sky = "power_law";
  const ProductTable power_law = run_gain_filter(data, config);
  EXPECT_LT(rms(power_law.flat(level2::kBinnedFiltered)), 0.9 * rms(free.flat(level2::kBinnedFiltered)));
  EXPECT_FALSE(free.contains(level2::kGainInformationMatrix));
  const auto matrix = power_law.flat(level2::kGainInformationMatrix);
  const auto diagonal = power_law.flat(level2::kGainInformation);
  ASSERT_EQ(matrix.size(), static_cast<std::size_t>(kBands * kBands));
  for (std::size_t band = 0; band < kBands; ++band) {
    EXPECT_EQ(matrix[band * kBands + band], diagonal[band]);
    EXPECT_GT(diagonal[band], free.flat(level2::kGainInformation)[band]);
    for (std::size_t other = 0; other < band; ++other) {
      EXPECT_NEAR(matrix[band * kBands + other], matrix[other * kBands + band], 1e-9 * diagonal[band]);
    }
  }
}

/// Everything that is not in `band` is finite; everything in it is NaN.
void expect_only_missing(const ProductTable& products, std::size_t missing_band) {
  for (const auto* dataset : {&level2::kBinned, &level2::kBinnedFiltered}) {
    const auto values = products.flat(*dataset);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::isnan(values[i]), i / kSamples / 2 == missing_band) << dataset->path << " " << i;
    }
  }
}

TEST(GainFilter, BandWithoutDataLeavesTheOthers) {
  FeedData data = quiet_feed();
  fill(
      data, [](std::size_t, std::size_t, std::size_t t) { return 1e-3 * odd_wave(t, 10.0); }, kNoSky);
  add_noise(data, 13);
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    for (std::size_t t = 0; t < kSamples; ++t) sample(data, 1, channel, t) = kFloatNan;
  }
  GainFilterConfig config = plain_config();
  config.channel_quality = true;
  for (const auto method : {GainFilterMethod::maximum_posterior, GainFilterMethod::least_squares,
                            GainFilterMethod::common_mode, GainFilterMethod::line}) {
    config.method = method;
    expect_only_missing(run_gain_filter(data, config), 1);
  }
  config.method = GainFilterMethod::maximum_posterior;
  config.sky = "power_law";
  const ProductTable products = run_gain_filter(data, config);
  expect_only_missing(products, 1);
  EXPECT_EQ(products.flat(level2::kGainInformation)[1], 0.0);
  EXPECT_GT(products.flat(level2::kGainInformation)[2], 0.0);
}

TEST(GainFilter, FeedWithoutDataIsNan) {
  FeedData data = quiet_feed();
  std::ranges::fill(data.tod, kFloatNan);
  for (const auto method : {GainFilterMethod::maximum_posterior, GainFilterMethod::least_squares,
                            GainFilterMethod::common_mode, GainFilterMethod::line}) {
    GainFilterConfig config = plain_config();
    config.method = method;
    config.channel_quality = true;
    const ProductTable products = run_gain_filter(data, config);
    for (const float value : products.flat(level2::kBinnedFiltered)) ASSERT_TRUE(std::isnan(value));
    for (const double value : products.flat(level2::kEffectiveTsys)) ASSERT_TRUE(std::isnan(value));
  }
}

// Too short for a mode in 0.02-5 Hz, so the prior cannot be fitted: no gain is estimated and nothing is taken out.
TEST(GainFilter, ScansTooShortForThePriorStayUnfiltered) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 14);
  data.observation.scans = {{100, 109}, {300, 301}, {500, 502}};
  for (const char* sky : {"free", "power_law"}) {
    GainFilterConfig config = plain_config();
    config.sky = sky;
    config.channel_quality = true;
    const ProductTable products = run_gain_filter(data, config);
    const auto filtered = products.flat(level2::kBinnedFiltered);
    const auto unfiltered = products.flat(level2::kBinned);
    for (std::size_t i = 0; i < filtered.size(); ++i) {
      ASSERT_TRUE(filtered[i] == unfiltered[i] || (std::isnan(filtered[i]) && std::isnan(unfiltered[i]))) << i;
    }
    EXPECT_NE(filtered[105], 0.0F);
    for (const double sigma : products.flat(level2::kSigmaCommon)) EXPECT_EQ(sigma, 0.0);
    for (const double alpha : products.flat(level2::kGainAlpha)) EXPECT_EQ(alpha, -1.3);
  }
}

// What is left of a constant after two templates of four channels is little, but enough.
TEST(GainFilter, FourChannelsOfASubBandAreEnough) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 15);
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t half = 0; half < 2; ++half) {
      for (std::size_t channel = half * 32; channel < half * 32 + 32; ++channel) {
        if (channel > half * 32 + 11 || channel < half * 32 + 8)
          data.gain_counts_per_K[band * kChannels + channel] = 0.0F;
      }
    }
  }
  const ProductTable products = run_gain_filter(data, plain_config());
  for (const double information : products.flat(level2::kGainInformation)) EXPECT_GT(information, 0.0);
  for (const float value : products.flat(level2::kBinnedFiltered)) ASSERT_TRUE(std::isfinite(value));
}

TEST(GainFilter, NanSampleWithPowerLawSky) {
  FeedData data = quiet_feed();
  fill(data, kNoGain, kNoSky);
  add_noise(data, 16);
  sample(data, 1, 40, 700) = kFloatNan;
  GainFilterConfig config = plain_config();
  config.sky = "power_law";
  const ProductTable products = run_gain_filter(data, config);
  const auto values = products.flat(level2::kBinnedFiltered);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(std::isnan(values[i]), i == 3 * kSamples + 700) << i;
}

TEST(CutFlags, EdgesAndCentre) {
  const auto flags = cut_flags(32, 0.0625, 0.125);
  for (std::size_t channel = 0; channel < 32; ++channel) {
    const bool edge = channel < 2 || channel >= 30;
    const bool centre = channel >= 14 && channel < 18;
    EXPECT_EQ(flags[channel], (edge ? channel_flag::kEdge : 0) + (centre ? channel_flag::kCentre : 0)) << channel;
  }
  for (const std::uint8_t flag : cut_flags(32, 0.0, 0.0)) EXPECT_EQ(flag, 0);
}

TEST(DifferenceStatistics, CountsAndSquares) {
  std::vector<float> samples(1003);
  for (std::size_t t = 0; t < samples.size(); ++t) samples[t] = t % 2 == 0 ? 5.0F : 8.0F;
  samples[500] = kFloatNan;
  samples[1002] = kFloatNan;
  const DifferenceStatistics statistics = difference_statistics(samples);
  EXPECT_EQ(statistics.n_missing, 2.0);
  EXPECT_NEAR(statistics.mean_square, 9.0, 1e-6);
  EXPECT_TRUE(std::isnan(difference_statistics(std::vector<float>(1)).mean_square));
}

TEST(ChannelSums, EqualPlainLoops) {
  constexpr std::size_t kN = 1300;
  std::mt19937 generator(8);
  std::normal_distribution<float> normal(1e6F, 900.0F);
  std::vector<std::vector<float>> samples(21, std::vector<float>(kN));
  std::vector<ChannelSamples> channels;
  std::vector<std::array<float, 3>> weights;
  for (std::size_t c = 0; c < samples.size(); ++c) {
    for (float& value : samples[c]) value = normal(generator);
    channels.push_back({samples[c].data(), 1e-6F, -1.0F});
    weights.push_back({1.0F, 0.02F + 0.001F * static_cast<float>(c), -0.1F});
  }
  samples[20][1299] = kFloatNan;
  std::array<std::vector<double>, 3> sums;
  for (auto& sum : sums) sum.assign(kN, 0.5);
  // Values near 0 are differences of floats near 1, each rounded to 2^-24.
  const double tolerance = static_cast<double>(samples.size()) * std::ldexp(1.0, -24);
  add_channel_sums<3>(channels, weights, kN, {sums[0].data(), sums[1].data(), sums[2].data()});
  for (std::size_t t = 0; t < kN - 1; ++t) {
    for (std::size_t k = 0; k < 3; ++k) {
      double expected = 0.5;
      for (std::size_t c = 0; c < samples.size(); ++c) {
        expected += static_cast<double>(weights[c][k]) *
                    (static_cast<double>(samples[c][t]) * static_cast<double>(1e-6F) - 1.0);
      }
      ASSERT_NEAR(sums[k][t], expected, tolerance) << t;
    }
  }
  EXPECT_TRUE(std::isnan(sums[1][1299]));
}

}  // namespace
}  // namespace comap::test
