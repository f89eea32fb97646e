#pragma once
/// \file
/// The only list of stages, and the stages of a pipeline.

#include <memory>
#include <vector>

#include "config/level2_config.hpp"
#include "config/stage_entry.hpp"
#include "stages/stage.hpp"

namespace comap {

/// The stages of a pipeline, in its order.
using StageList = std::vector<std::unique_ptr<Stage>>;

/// Some of them, in the same order; they belong to a StageList.
using StageSelection = std::vector<const Stage*>;

/// The datasets that a stage writes for this observation.
inline DatasetList datasets_of(const Stage& stage, const ObservationContext& observation) {
  return stage.applies_to(observation) ? stage.writes() : DatasetList();
}

inline StageSelection all_of(const StageList& stages) {
  StageSelection selection;
  for (const auto& stage : stages) selection.push_back(stage.get());
  return selection;
}

/// One entry for each stage that there is.
StageEntries all_stages();

/// The stages of `config.pipeline` with their settings. Throws ConfigError for a name that is not among the entries,
/// with those that are, and for a name given twice.
StageList make_stages(const Level2Config& config, StageEntries entries = all_stages());

/// Throws ConfigError naming stage and dataset when a stage reads what no stage before it makes.
void check_order(const StageList& stages);

}  // namespace comap
