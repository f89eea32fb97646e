#pragma once
/// \file
/// The stages of a pipeline, in order.

#include <memory>
#include <vector>

#include "stages/stage.hpp"

namespace comap {

using StageList = std::vector<std::unique_ptr<Stage>>;

/// Some of them, in the same order; they belong to a StageList.
using StageSelection = std::vector<const Stage*>;

/// What a stage writes for this observation.
inline DatasetList datasets_of(const Stage& stage, const ObservationContext& observation) {
  return stage.applies_to(observation) ? stage.writes() : DatasetList();
}

inline StageSelection all_of(const StageList& stages) {
  StageSelection selection;
  for (const auto& stage : stages) selection.push_back(stage.get());
  return selection;
}

}  // namespace comap
