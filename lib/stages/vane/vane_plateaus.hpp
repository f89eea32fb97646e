#pragma once
/// \file
/// Which samples of a vane event see a load, by the power itself.

#include <string>
#include <vector>

#include "stages/feed_block.hpp"
#include "stages/vane/vane_events.hpp"

namespace comap {

/// A vane event as the housekeeping has it, the same for all feeds.
struct ProposedLoads {
  SampleRange event{};
  std::vector<Load> loads;              ///< [sample of the event]
  std::vector<VanePosition> positions;  ///< [margin + sample + margin]
  std::int64_t margin = 0;              ///< samples before and after the event, for the lag
  double row_spacing_s = 0.0;
};
ProposedLoads propose_loads(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config);

/// A vane event of one feed and band.
struct Plateaus {
  std::vector<Load> loads;  ///< [sample of the event]; none for samples off their plateau
  double lag_s = 0.0;       ///< of the housekeeping's times, positive = late; 0 below the resolution
  bool is_ragged = false;   ///< more than a tenth of the samples of a load are off its plateau
  TroubleKind kind{};       ///< of what makes the event useless
  std::string unusable;     ///< why the event cannot be used for this band; empty: it can
};

/// Holds the housekeeping's loads against the power of one band, which is the mean over its channels (128 of them are
/// enough) of counts over the channel's mean in the event:
///   levels   median of the samples above and of those below the middle between the two
///   lag      shift of the angle by which its half-way crossings agree best with those of the power; one of more than a
///            row and 0.2 s (0.5 s when the vane is seen only to come or to go) is a clock that is off: the loads are
///            those of the angle so much later
///   plateau  a sample is on it when it is within `plateau_sigma` robust standard deviations, or within 1 % of hot -
///            cold, of its level (a drift of the gain is below that)
///   noise    median over channels of the scatter of successive samples over the mean, against
///            1/sqrt(channel width x sample time), within `max_radiometer_ratio` either way
/// Unusable: no step in the power, one that does not follow the angle, a lag of more than `max_housekeeping_lag_s`,
/// less than `min_plateau_s` on a plateau, other noise.
Plateaus find_plateaus(const FeedBlock& block, const Level1Metadata& level1, const ProposedLoads& proposed,
                       const SystemTemperatureConfig& config);

/// "1.0 s late"
std::string late_or_early(double lag_s);

}  // namespace comap
