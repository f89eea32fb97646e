#pragma once
/// \file
/// Which stretches of an observation are read, in order of time, each once.

#include <cstdint>
#include <vector>

#include "stages/stage_list.hpp"

namespace comap {

/// Samples [start, start + n_samples): one whole scan, or a piece of the time between scans (scan = -1).
struct TimePiece {
  int scan = -1;
  std::int64_t start = 0;
  std::int64_t n_samples = 0;
};

/// The pieces that the stages ask for. Between scans: from the first to the last sample with features and without the
/// vane's, cut to `max_block_samples`. Scans are never cut.
std::vector<TimePiece> plan_pieces(const ObservationContext& observation, const Deliveries& deliveries,
                                   std::int64_t max_block_samples);

/// The deliveries that all stages together ask for.
Deliveries combined_deliveries(const StageSelection& stages);

}  // namespace comap
