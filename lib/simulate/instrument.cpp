#include "simulate/instrument.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kEdgeScale = 0.012;      ///< of a band, e-folding of its edges
constexpr double kEdgeTemperature = 0.5;  ///< relative rise at the edge
constexpr double kEdgeGain = 0.7;         ///< relative loss at the edge
constexpr double kFeedSpread = 0.1;       ///< half range of the mean temperature over feeds, relative
constexpr double kBandSpread_K = 1.5;     ///< scatter of the bands of a feed
constexpr double kWaves = 3.1;            ///< standing waves in a band: slow, fast, of the gain
constexpr double kFastWaves = 11.7;
constexpr double kGainWaves = 1.3;
constexpr double kFastGainWaves = 17.0;
constexpr int kSpikeFreePart = 8;  ///< no spiky channels in 1/8 of a band at either end

/// Position of a channel within its band, 0..1.
double position(int channel, int n_channels) { return (channel + 0.5) / n_channels; }

double edge_shape(double x) { return std::exp(-std::min(x, 1.0 - x) / kEdgeScale); }

/// Slow change of the receiver temperature of a feed over 26-34 GHz.
struct FeedSlope {
  double base_K, slope_K_per_GHz, curvature_K_per_GHz2;
};

void fill_band(const SimulateConfig& config, const FeedSlope& feed, const BandTable& frequency_GHz, int band,
               RandomStream& random, Receiver& receiver) {
  const double phase = random.uniform(0.0, kTwoPi);
  const double fast_phase = random.uniform(0.0, kTwoPi);
  const double ripple_K = config.receiver_ripple_K * random.uniform(0.6, 1.4);
  const double fast_ripple_K = config.receiver_ripple_K * random.uniform(0.2, 0.6);
  const double band_K = kBandSpread_K * random.normal();
  for (int channel = 0; channel < config.n_channels; ++channel) {
    const int i = band * config.n_channels + channel;
    const double x = position(channel, config.n_channels);
    const double nu = frequency_GHz[i] - kPivotFrequency_GHz;
    const double smooth_K = feed.base_K + band_K + feed.slope_K_per_GHz * nu + feed.curvature_K_per_GHz2 * nu * nu;
    const double wave_K = ripple_K * std::sin(kTwoPi * kWaves * x + phase) +
                          fast_ripple_K * std::sin(kTwoPi * kFastWaves * x + fast_phase);
    const double bandpass = 1.0 + config.gain_ripple *
                                      (std::sin(kTwoPi * kGainWaves * x + fast_phase) +
                                       0.2 * std::sin(kTwoPi * kFastGainWaves * x + phase)) /
                                      1.2;
    receiver.temperature_K[i] = (smooth_K + wave_K) * (1.0 + kEdgeTemperature * edge_shape(x));
    receiver.gain_counts_per_K[i] = config.gain_counts_per_K * bandpass * (1.0 - kEdgeGain * edge_shape(x));
  }
}

void add_spikes(const SimulateConfig& config, int band, RandomStream& random, Receiver& receiver) {
  const int margin = config.n_channels / kSpikeFreePart;
  for (int spike = 0; spike < config.spiky_channels_per_band; ++spike) {
    const int channel = margin + static_cast<int>(random.integer(config.n_channels - 2 * margin));
    const int index = band * config.n_channels + channel;
    const double extra_K = random.uniform(config.spiky_min_K, config.spiky_max_K);
    receiver.temperature_K[index] += extra_K;
    receiver.spiky_channels.push_back(index);
  }
}

}  // namespace

const std::vector<std::string>& band_names() {
  static const std::vector<std::string> names = {"A:LSB", "A:USB", "B:LSB", "B:USB"};
  return names;
}

BandTable channel_frequencies_GHz(int n_channels) {
  constexpr std::array<double, kBands> kOrigin_GHz = {28.0, 28.0, 32.0, 32.0};
  constexpr std::array<double, kBands> kDirection = {-1.0, 1.0, -1.0, 1.0};
  BandTable frequency_GHz;
  for (std::size_t band = 0; band < kBands; ++band) {
    for (int channel = 0; channel < n_channels; ++channel) {
      frequency_GHz.push_back(kOrigin_GHz[band] + kDirection[band] * kBandWidth_GHz * position(channel, n_channels));
    }
  }
  return frequency_GHz;
}

double radiometer_sigma(int n_channels, double sample_rate_Hz) {
  const double width_Hz = kBandWidth_GHz * kHertzPerGigahertz / n_channels;
  return 1.0 / std::sqrt(width_Hz / sample_rate_Hz);
}

Receiver make_receiver(const SimulateConfig& config, int feed) {
  RandomStream random(stream_key(config.instrument_seed, Purpose::receiver, {feed}));
  const double base_K = config.receiver_temperature_K * random.uniform(1.0 - kFeedSpread, 1.0 + kFeedSpread);
  const FeedSlope slope{base_K, random.uniform(-1.5, 1.5), random.uniform(0.0, 0.6)};
  const BandTable frequency_GHz = channel_frequencies_GHz(config.n_channels);
  Receiver receiver{BandTable(frequency_GHz.size()), BandTable(frequency_GHz.size()), {}};
  for (int band = 0; band < kBands; ++band) {
    RandomStream band_random(stream_key(config.instrument_seed, Purpose::receiver, {feed, band}));
    fill_band(config, slope, frequency_GHz, band, band_random, receiver);
    add_spikes(config, band, band_random, receiver);
  }
  return receiver;
}

}  // namespace comap::simulate
