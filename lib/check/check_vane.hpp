#pragma once
/// \file
/// The vane calibration of a Level-1 file, as level2 would make it.

#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "level2/tod_reader.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Finds the faults of the calibration that level2 would find: reads the TOD of every vane event of every science feed.
/// `observation` is prepared by system_temperature. Throws ObservationError when no feed has a gain, IoError.
std::vector<Trouble> check_vane(const ObservationContext& observation, const Level2Config& config, TodReader& reader);

}  // namespace comap
