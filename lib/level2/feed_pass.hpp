#pragma once
/// \file
/// One pass over the TOD of the feeds that a team has in hand at the same time, one feed for each rank.

#include <functional>
#include <memory>
#include <vector>

#include "config/level2_config.hpp"
#include "core/communicator.hpp"
#include "level2/stage_clock.hpp"
#include "level2/time_plan.hpp"
#include "level2/tod_reader.hpp"
#include "stages/stage_list.hpp"

namespace comap {

/// Everything a pass works with; the same objects for all passes of an observation.
struct PassPlan {
  const ObservationContext& observation;
  StageSelection stages;  ///< those that run
  Deliveries deliveries;
  std::vector<TimePiece> pieces;
  std::int64_t max_block_samples = 0;  ///< longer pieces are read band by band
  bool read_ahead = true;              ///< read the next block while this one is worked on
  /// Called on every rank before each block; may throw to end the observation. Not collective.
  std::function<void()> between_blocks = [] {};
  /// Samples beyond them are taken out of every block before the stages see it (stages/check_level1/sample_screen.hpp),
  /// and the product level2/sample_flags is made where all scans are read. nullptr = the stages see what the file has.
  const CheckLevel1Config* limits = nullptr;
};

/// Reads all blocks of `feed` (file row `feed_row`; -1 = this rank has none and takes part without share) and runs
/// the stages on them. Adds the rows of this feed to `products`, which may hold those of stages that do not run.
/// Collective over the team; an error on any rank is thrown on all at the next agreement, which is after every block.
void run_feed_pass(const PassPlan& plan, int feed, int feed_row, TodReader& reader, const Communicator& team,
                   ProductTable& products, StageSeconds& seconds);

/// The same for stages that need no samples: only FeedWorker::finish_vane() and finish(). Not collective.
void finish_feed_without_tod(const PassPlan& plan, int feed, ProductTable& products, StageSeconds& seconds);

}  // namespace comap
