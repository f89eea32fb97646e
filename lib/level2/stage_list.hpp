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

inline StageSelection all_of(const StageList& stages) {
  StageSelection selection;
  for (const auto& stage : stages) selection.push_back(stage.get());
  return selection;
}

}  // namespace comap
