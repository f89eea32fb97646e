#pragma once
/// \file
/// Faults of real data: glitches and lost samples and channels.

#include <cstdint>
#include <vector>

#include "simulate/observation_plan.hpp"

namespace comap::simulate {

/// One sample of one feed that is too high, the same in all channels (K at the receiver input).
struct Glitch {
  int feed_row = 0;
  std::int64_t sample = 0;
  double amplitude_K = 0.0;
};

/// All channels of a band lost for one sample.
struct LostSample {
  int feed_row = 0;
  int band = 0;
  std::int64_t sample = 0;
};

struct LostChannel {
  int feed_row = 0;
  int band = 0;
  int channel = 0;
};

/// Glitches and lost samples lie inside scans. Rows are science feeds, never the ground feed.
struct Faults {
  std::vector<Glitch> glitches;  ///< in order of feed and time
  std::vector<LostSample> lost_samples;
  std::vector<LostChannel> lost_channels;
};

Faults draw_faults(const SimulateConfig& config, const ObservationPlan& plan);

}  // namespace comap::simulate
