#pragma once
/// \file
/// One feed of which everything is known, with 64 channels a band and one scan of a minute.

#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <span>

#include "unit/stages/gain_filter/gain_filter_run.hpp"

namespace comap::test {

inline constexpr std::size_t kChannels = 64;
inline constexpr std::size_t kSamples = 3001;
inline constexpr std::size_t kSubBands = 8;
inline constexpr double kGain = 2000.0;  ///< counts per K
inline constexpr double kSampleTime_s = 0.02;
// Channels of every band that tell gain from sky.
inline constexpr std::size_t kHigh[] = {10, 21, 40, 52};

inline double frequency_of(std::size_t band, std::size_t channel) {
  return 26.0 + 2.0 * static_cast<double>(band) + (static_cast<double>(channel) + 0.5) * 2.0 / kChannels;
}

inline double temperature_of(std::size_t channel) {
  for (const std::size_t high : kHigh) {
    if (channel == high) return 160.0;
  }
  return 42.0 + 3.0 * std::sin(0.3 * static_cast<double>(channel));
}

/// Odd about the middle of the scan: its median is 0.
inline double odd_wave(std::size_t t, double period_s) {
  const double from_middle_s = (static_cast<double>(t) - 0.5 * (kSamples - 1)) * kSampleTime_s;
  return std::sin(2.0 * std::numbers::pi * from_middle_s / period_s);
}

/// One scan that fills the file, all channels at their system temperature.
inline FeedData quiet_feed() {
  FeedData data;
  Level1Metadata& level1 = data.observation.level1;
  level1.n_feeds = 1;
  level1.n_channels = kChannels;
  level1.n_samples = kSamples;
  level1.sample_time_s = kSampleTime_s;
  level1.feeds = {1};
  for (std::size_t t = 0; t < kSamples; ++t) {
    level1.mjd.push_back(59000.0 + static_cast<double>(t) * kSampleTime_s / kSecondsPerDay);
    level1.elevation_deg.push_back(50.0);
  }
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      level1.frequency_GHz.push_back(frequency_of(band, channel));
    }
  }
  data.observation.scans = {{0, kSamples}};
  data.gain_counts_per_K.assign(kBands * kChannels, static_cast<float>(kGain));
  data.system_temperature_K.assign(kBands * kChannels, 40.0F);
  data.tod.resize(kBands * kChannels * kSamples);
  return data;
}

inline float& sample(FeedData& data, std::size_t band, std::size_t channel, std::size_t t) {
  return data.tod[(band * kChannels + channel) * kSamples + t];
}

/// Fills the TOD with gain * (1 + g) * (T + sky), both functions of (band, channel, t).
template <typename Gain, typename Sky>
void fill(FeedData& data, Gain gain, Sky sky) {
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
      for (std::size_t t = 0; t < kSamples; ++t) {
        sample(data, band, channel, t) = static_cast<float>(kGain * (1.0 + gain(band, channel, t)) *
                                                            (temperature_of(channel) + sky(band, channel, t)));
      }
    }
  }
}

inline void add_noise(FeedData& data, unsigned seed) {
  std::mt19937 generator(seed);
  const double sigma = 1.0 / std::sqrt(2e9 / kChannels * kSampleTime_s);
  std::normal_distribution<float> normal(1.0F, static_cast<float>(sigma));
  for (float& value : data.tod) value *= normal(generator);
}

inline GainFilterConfig plain_config() {
  GainFilterConfig config;
  config.channel_quality = false;
  config.centre_cut_fraction = 0.0;
  return config;
}

inline double rms(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

inline constexpr auto kNoGain = [](std::size_t, std::size_t, std::size_t) { return 0.0; };
inline constexpr auto kNoSky = kNoGain;

}  // namespace comap::test
