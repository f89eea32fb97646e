#pragma once
/// \file
/// One pass over the TOD of the feeds that a team has in hand at the same time, one feed for each rank.

#include <functional>
#include <memory>
#include <vector>

#include "core/communicator.hpp"
#include "level2/stage_clock.hpp"
#include "level2/time_plan.hpp"
#include "level2/tod_reader.hpp"
#include "stages/stage.hpp"

namespace comap {

using StageList = std::vector<std::unique_ptr<Stage>>;

/// What a pass works with; the same objects for all passes of an observation.
struct PassPlan {
  const ObservationContext& observation;
  const StageList& stages;
  Deliveries deliveries;
  std::vector<TimePiece> pieces;
  std::int64_t max_block_samples = 0;  ///< longer pieces are read band by band
  bool read_ahead = true;              ///< read the next block while this one is worked on
  /// Called on every rank before each block; may throw to end the observation. Not collective.
  std::function<void()> between_blocks = [] {};
};

/// Reads all blocks of `feed` (file row `feed_row`; -1 = this rank has none and takes part without share) and runs
/// every stage on them. Fills `products` with the rows of this feed. Collective over the team; an error on any rank
/// is thrown on all at the next agreement, which is after every block.
void run_feed_pass(const PassPlan& plan, int feed, int feed_row, TodReader& reader, const Communicator& team,
                   ProductTable& products, StageSeconds& seconds);

}  // namespace comap
