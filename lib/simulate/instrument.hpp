#pragma once
/// \file
/// The receivers: frequencies, gains and receiver temperatures of every channel.

#include <cstdint>
#include <string>
#include <vector>

#include "config/simulate_config.hpp"

namespace comap::simulate {

/// Width of a band and names of the bands, in file order.
inline constexpr double kBandWidth_GHz = 2.0;
const std::vector<std::string>& band_names();

/// One number for each band and channel of a feed: [band][channel].
using BandTable = std::vector<double>;

/// Channel centres [band][channel], GHz; bands 0 and 2 run down from 28 and 32 GHz, 1 and 3 up.
BandTable channel_frequencies_GHz(int n_channels);

/// Relative white noise of one channel and sample, 1/sqrt(channel width * sample time).
double radiometer_sigma(int n_channels, double sample_rate_Hz);

/// One feed; drawn from instrument_seed and the feed number, so that all observations share it.
struct Receiver {
  BandTable temperature_K;          ///< [band][channel] ripples, band edges, spiky channels
  BandTable gain_counts_per_K;      ///< [band][channel]
  std::vector<int> spiky_channels;  ///< band * n_channels + channel
};
Receiver make_receiver(const SimulateConfig& config, int feed);

}  // namespace comap::simulate
