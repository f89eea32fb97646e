#pragma once
/// \file
/// The signal that one feed receives and its record by the spectrometer:
///
///   P = G (1 + dg(t)) T(t) (1 + n),     n ~ N(0, 1 / (channel width * sample time))
///   T = T_rx + (1 - v) ([T_sky(nu) + T_cmb] e^-x + T_atm (1 - e^-x) + glitches) + v T_vane
///   x = tau(nu) * opacity(t) / sin(el),   v = part of the beam that the vane fills

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/constants.hpp"
#include "math/normal_stream.hpp"
#include "simulate/faults.hpp"
#include "simulate/instrument.hpp"
#include "simulate/observation_plan.hpp"
#include "simulate/sky_model.hpp"
#include "simulate/telescope_motion.hpp"

namespace comap::simulate {

/// Part of the TOD of one feed that is made at once.
struct TodBlock {
  int first_band = 0;
  int n_bands = 0;
  int first_channel = 0;
  int n_channels = 0;
  SampleRange samples;
  std::size_t size() const {
    return static_cast<std::size_t>(n_bands) * static_cast<std::size_t>(n_channels) *
           static_cast<std::size_t>(samples.size());
  }
};

/// The blocks of a feed in the order of the file: whole chunks, or rows of one band of about 32 MB.
std::vector<TodBlock> tod_blocks(const SimulateConfig& config, std::int64_t n_samples);

/// Signals that all feeds of an observation share.
struct ObservationSignal {
  BandTable frequency_GHz;             ///< [band][channel]
  BandTable zenith_opacity;            ///< [band][channel]
  std::vector<double> opacity_factor;  ///< [sample]
  std::vector<float> vane;             ///< [sample] part of the beam that the vane fills
  SkyModel sky;
  Faults faults;
};
ObservationSignal make_observation_signal(const SimulateConfig& config, const ObservationPlan& plan);

/// One science feed.
struct FeedSignal {
  int row = 0;  ///< of the feed axis
  Receiver receiver;
  std::array<std::vector<float>, kBands> gain_variation;  ///< dg [band][sample]
  std::vector<float> opacity_path;                        ///< opacity(t) / sin(el) [sample]
  std::vector<SkyTerm> sky;
  std::vector<float> open;     ///< 1 - v [sample]
  std::vector<float> added_K;  ///< v T_vane + (1 - v) glitches [sample]
};
FeedSignal make_feed_signal(const SimulateConfig& config, const ObservationPlan& plan,
                            const ObservationSignal& observation, int row, std::span<const double> elevation_deg,
                            std::span<const double> l_deg, std::span<const double> b_deg);

/// T_rx plus sky and atmosphere without vane, averaged over the given samples: [band][channel], K.
BandTable mean_cold_temperature_K(const SimulateConfig& config, const ObservationSignal& observation,
                                  const FeedSignal& feed, const std::vector<std::int64_t>& samples);

/// The radiometer noise of one feed: a stream for each band and channel, so that the TOD does not depend on blocks.
std::vector<NormalStream> radiometer_streams(const SimulateConfig& config, const ObservationPlan& plan, int row);

/// Fills `counts` [band][channel][sample] of the block, NaN where data are lost. The blocks of a feed must come in
/// the order of time.
void fill_feed(const SimulateConfig& config, const ObservationSignal& observation, const FeedSignal& feed,
               const TodBlock& block, std::vector<NormalStream>& noise, std::span<float> counts);

/// The capped ground feed: a constant load and radiometer noise.
void fill_ground_feed(const SimulateConfig& config, const TodBlock& block, std::vector<NormalStream>& noise,
                      std::span<float> counts);

}  // namespace comap::simulate
