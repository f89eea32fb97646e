#include "simulate/feed_signal.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "math/random_stream.hpp"
#include "simulate/atmosphere.hpp"
#include "simulate/red_noise.hpp"

namespace comap::simulate {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 25;
constexpr std::int64_t kPiece = 2048;  ///< samples worked on at once: all series of a piece stay in the L2 cache
/// e^-x for x >= 0 in vector instructions: 2^n times the series of e^g, |g| <= ln 2 / 2; relative error 1e-7.
inline float exp_minus(float x) {
  constexpr float kLargest = 80.0F;
  constexpr auto kLog2E = std::numbers::log2e_v<float>;
  constexpr auto kLn2 = std::numbers::ln2_v<float>;
  constexpr std::int32_t kExponentBias = 127;
  constexpr int kMantissaBits = 23;
  const float y = std::max(-kLargest, -x) * kLog2E;
  const auto n = static_cast<std::int32_t>(y - 0.5F);
  const float g = (y - static_cast<float>(n)) * kLn2;
  const float series =
      1.0F + g * (1.0F + g * (1.0F / 2 + g * (1.0F / 6 + g * (1.0F / 24 + g * (1.0F / 120 + g * (1.0F / 720))))));
  return series * std::bit_cast<float>((n + kExponentBias) << kMantissaBits);
}

/// Constants of one channel.
struct ChannelConstants {
  float opacity;
  float receiver_K;
  float gain_counts_per_K;
  float atmosphere_K;
  float noise_sigma;
  std::vector<float> spectrum;  ///< of each sky term
};

ChannelConstants channel_constants(const SimulateConfig& config, const ObservationSignal& observation,
                                   const FeedSignal& feed, std::size_t index) {
  ChannelConstants channel{static_cast<float>(observation.zenith_opacity[index]),
                           static_cast<float>(feed.receiver.temperature_K[index]),
                           static_cast<float>(feed.receiver.gain_counts_per_K[index]),
                           static_cast<float>(config.atmosphere_temperature_K),
                           static_cast<float>(radiometer_sigma(config.n_channels, config.sample_rate_Hz)),
                           {}};
  for (const SkyTerm& term : feed.sky) {
    channel.spectrum.push_back(static_cast<float>(term.spectrum(observation.frequency_GHz[index])));
  }
  return channel;
}

/// Sky and atmosphere at the receiver input, K, for the samples from `begin` on.
void fill_brightness(const FeedSignal& feed, const ChannelConstants& channel, std::int64_t begin,
                     std::span<float> temperature_K) {
  std::ranges::fill(temperature_K, static_cast<float>(kCmbTemperature_K));
  const auto n = static_cast<std::int64_t>(temperature_K.size());
  float* t = temperature_K.data();
  for (std::size_t k = 0; k < feed.sky.size(); ++k) {
    const float* profile = feed.sky[k].profile_K.data() + begin;
    const float scale = channel.spectrum[k];
    for (std::int64_t i = 0; i < n; ++i) t[i] += scale * profile[i];
  }
  const float* path = feed.opacity_path.data() + begin;
  for (std::int64_t i = 0; i < n; ++i) {
    const float transmission = exp_minus(channel.opacity * path[i]);
    t[i] = channel.atmosphere_K + (t[i] - channel.atmosphere_K) * transmission;
  }
}

/// From the brightness in `counts` [K] to counts, without noise.
void detect(const FeedSignal& feed, const ChannelConstants& channel, const std::vector<float>& gain_variation,
            std::int64_t begin, std::span<float> counts) {
  const auto n = static_cast<std::int64_t>(counts.size());
  const float* open = feed.open.data() + begin;
  const float* added_K = feed.added_K.data() + begin;
  const float* variation = gain_variation.data() + begin;
  float* out = counts.data();
  for (std::int64_t i = 0; i < n; ++i) {
    const float temperature_K = out[i] * open[i] + added_K[i] + channel.receiver_K;
    out[i] = channel.gain_counts_per_K * (1.0F + variation[i]) * temperature_K;
  }
}

void add_radiometer_noise(float sigma, NormalStream& noise, std::span<float> counts) {
  alignas(64) std::array<float, kPiece> normal;
  const std::span<float> values(normal.data(), counts.size());
  noise.fill(values);
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] *= 1.0F + sigma * values[i];
}

void fill_row(const SimulateConfig& config, const ObservationSignal& observation, const FeedSignal& feed,
              std::size_t band, std::size_t index, SampleRange samples, NormalStream& noise, std::span<float> row) {
  const ChannelConstants channel = channel_constants(config, observation, feed, index);
  for (std::int64_t done = 0; done < samples.size(); done += kPiece) {
    const std::int64_t begin = samples.begin + done;
    const auto piece = row.subspan(done, std::min(kPiece, samples.size() - done));
    fill_brightness(feed, channel, begin, piece);
    detect(feed, channel, feed.gain_variation[band], begin, piece);
    if (config.radiometer_noise) add_radiometer_noise(channel.noise_sigma, noise, piece);
  }
}

/// Calls `work(band, index of band and channel, row of the block)` for each row.
template <typename Work>
void for_each_row(const SimulateConfig& config, const TodBlock& block, std::span<float> counts, Work&& work) {
  const auto n_samples = static_cast<std::size_t>(block.samples.size());
  std::size_t done = 0;
  for (int band = block.first_band; band < block.first_band + block.n_bands; ++band) {
    for (int channel = block.first_channel; channel < block.first_channel + block.n_channels; ++channel) {
      const auto index = static_cast<std::size_t>(std::int64_t{band} * config.n_channels + channel);
      work(static_cast<std::size_t>(band), index, counts.subspan(done, n_samples));
      done += n_samples;
    }
  }
}

bool is_lost(const Faults& faults, int row, std::size_t index, int n_channels) {
  return std::ranges::any_of(faults.lost_channels, [&](const LostChannel& lost) {
    return lost.feed_row == row &&
           static_cast<std::int64_t>(lost.band) * n_channels + lost.channel == static_cast<std::int64_t>(index);
  });
}

void lose_samples(const Faults& faults, int row, std::size_t band, SampleRange samples, std::span<float> counts) {
  for (const LostSample& lost : faults.lost_samples) {
    if (lost.feed_row != row || static_cast<std::size_t>(lost.band) != band) continue;
    if (lost.sample < samples.begin || lost.sample >= samples.end) continue;
    counts[lost.sample - samples.begin] = kFloatNan;
  }
}

std::array<std::vector<float>, kBands> draw_gain_variation(const SimulateConfig& config, const ObservationPlan& plan,
                                                           int row) {
  const auto obsid = static_cast<std::uint64_t>(plan.obsid);
  const auto feed = static_cast<std::uint64_t>(row);
  const PowerLaw law{config.gain_sigma, config.gain_alpha};
  const auto series = [&](std::uint64_t part) {
    return red_noise(plan.timeline.n_samples, config.sample_rate_Hz, law,
                     stream_key(config.seed, Purpose::gain, {obsid, feed, part}));
  };
  const std::vector<double> common = series(kBands);
  const double common_part = std::sqrt(config.gain_band_correlation);
  const double own_part = std::sqrt(1.0 - config.gain_band_correlation);
  std::array<std::vector<float>, kBands> variation;
  for (std::size_t band = 0; band < kBands; ++band) {
    const std::vector<double> own = series(band);
    variation[band].resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      const double drift = config.gain_drift * (static_cast<double>(i) / static_cast<double>(own.size()) - 0.5);
      variation[band][i] = static_cast<float>(common_part * common[i] + own_part * own[i] + drift);
    }
  }
  return variation;
}

}  // namespace

std::vector<TodBlock> tod_blocks(const SimulateConfig& config, std::int64_t n_samples) {
  std::vector<TodBlock> blocks;
  if (config.storage == TodStorage::chunked) {
    for (std::int64_t begin = 0; begin < n_samples; begin += config.chunk_samples) {
      const std::int64_t end = std::min(begin + config.chunk_samples, n_samples);
      blocks.push_back({0, kBands, 0, config.n_channels, {begin, end}});
    }
    return blocks;
  }
  const auto row_bytes = sizeof(float) * static_cast<std::size_t>(n_samples);
  const int rows = static_cast<int>(std::max<std::size_t>(1, kBlockBytes / row_bytes));
  for (int band = 0; band < kBands; ++band) {
    for (int channel = 0; channel < config.n_channels; channel += rows) {
      blocks.push_back({band, 1, channel, std::min(rows, config.n_channels - channel), {0, n_samples}});
    }
  }
  return blocks;
}

ObservationSignal make_observation_signal(const SimulateConfig& config, const ObservationPlan& plan) {
  ObservationSignal signal;
  signal.frequency_GHz = channel_frequencies_GHz(config.n_channels);
  for (const double nu : signal.frequency_GHz) signal.zenith_opacity.push_back(zenith_opacity(config, nu));
  signal.opacity_factor =
      opacity_series(config, plan.timeline.n_samples,
                     stream_key(config.seed, Purpose::opacity, {static_cast<std::uint64_t>(plan.obsid)}));
  for (std::int64_t i = 0; i < plan.timeline.n_samples; ++i) {
    const double time_s = static_cast<double>(i) / config.sample_rate_Hz;
    const double angle_deg = vane_angle_deg(plan.timeline, config.sample_rate_Hz, time_s);
    signal.vane.push_back(static_cast<float>(vane_fraction(angle_deg)));
  }
  if (plan.pattern != ScanPattern::sky_dip)
    signal.sky =
        plan.is_calibrator ? calibrator_sky(calibrator_of(plan.source), config.beam_fwhm_arcmin) : field_sky(config);
  signal.faults = draw_faults(config, plan);
  return signal;
}

FeedSignal make_feed_signal(const SimulateConfig& config, const ObservationPlan& plan,
                            const ObservationSignal& observation, int row, std::span<const double> elevation_deg,
                            std::span<const double> l_deg, std::span<const double> b_deg) {
  FeedSignal feed;
  feed.row = row;
  feed.receiver = make_receiver(config, row + 1);
  feed.gain_variation = draw_gain_variation(config, plan, row);
  feed.sky = sky_terms(observation.sky, l_deg, b_deg);
  const std::size_t n_samples = elevation_deg.size();
  feed.opacity_path.resize(n_samples);
  feed.open.resize(n_samples);
  feed.added_K.resize(n_samples);
  for (std::size_t i = 0; i < n_samples; ++i) {
    feed.opacity_path[i] = static_cast<float>(observation.opacity_factor[i] / std::sin(elevation_deg[i] * kDegree_rad));
    feed.open[i] = 1.0F - observation.vane[i];
    feed.added_K[i] = observation.vane[i] * static_cast<float>(config.vane_temperature_K);
  }
  for (const Glitch& glitch : observation.faults.glitches) {
    if (glitch.feed_row != row) continue;
    const auto i = static_cast<std::size_t>(glitch.sample);
    feed.added_K[i] += feed.open[i] * static_cast<float>(glitch.amplitude_K);
  }
  return feed;
}

BandTable mean_cold_temperature_K(const SimulateConfig& config, const ObservationSignal& observation,
                                  const FeedSignal& feed, const std::vector<std::int64_t>& samples) {
  BandTable mean_K = feed.receiver.temperature_K;
  for (std::size_t index = 0; index < mean_K.size(); ++index) {
    const ChannelConstants channel = channel_constants(config, observation, feed, index);
    double sum_K = 0.0;
    for (const std::int64_t sample : samples) {
      float brightness_K = 0.0F;
      fill_brightness(feed, channel, sample, std::span<float>(&brightness_K, 1));
      sum_K += static_cast<double>(brightness_K);
    }
    mean_K[index] += sum_K / static_cast<double>(samples.size());
  }
  return mean_K;
}

std::vector<NormalStream> radiometer_streams(const SimulateConfig& config, const ObservationPlan& plan, int row) {
  std::vector<NormalStream> streams;
  const auto obsid = static_cast<std::uint64_t>(plan.obsid);
  for (int index = 0; index < kBands * config.n_channels; ++index) {
    streams.emplace_back(stream_key(config.seed, Purpose::radiometer,
                                    {obsid, static_cast<std::uint64_t>(row), static_cast<std::uint64_t>(index)}));
  }
  return streams;
}

void fill_feed(const SimulateConfig& config, const ObservationSignal& observation, const FeedSignal& feed,
               const TodBlock& block, std::vector<NormalStream>& noise, std::span<float> counts) {
  for_each_row(config, block, counts, [&](std::size_t band, std::size_t index, std::span<float> row) {
    if (is_lost(observation.faults, feed.row, index, config.n_channels)) {
      std::ranges::fill(row, kFloatNan);
      return;
    }
    fill_row(config, observation, feed, band, index, block.samples, noise[index], row);
    lose_samples(observation.faults, feed.row, band, block.samples, row);
  });
}

void fill_ground_feed(const SimulateConfig& config, const TodBlock& block, std::vector<NormalStream>& noise,
                      std::span<float> counts) {
  const auto load_counts = static_cast<float>(config.gain_counts_per_K * config.vane_temperature_K);
  const auto sigma = static_cast<float>(radiometer_sigma(config.n_channels, config.sample_rate_Hz));
  for_each_row(config, block, counts, [&](std::size_t, std::size_t index, std::span<float> row) {
    std::ranges::fill(row, load_counts);
    for (std::size_t done = 0; done < row.size(); done += kPiece) {
      const auto piece = row.subspan(done, std::min(static_cast<std::size_t>(kPiece), row.size() - done));
      if (config.radiometer_noise) add_radiometer_noise(sigma, noise[index], piece);
    }
  });
}

}  // namespace comap::simulate
