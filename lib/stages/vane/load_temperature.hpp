#pragma once
/// \file
/// Temperature of the ambient load.

#include <optional>
#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "stages/vane/housekeeping.hpp"

namespace comap {

struct LoadTemperature {
  double temperature_K;            ///< NaN when no sensor can be believed
  std::optional<Trouble> trouble;  ///< another sensor than the shroud's was taken, or none confirms it
};

/// Temperature of the load in a vane event, from the sensors Tshroud, Tvane, Tambient and the weather station's, each
/// by the median of its rows in the event (all rows where the event has none; the weather's always). Rows outside
/// [min, max]_vane_temperature_C or at exactly 0, which is what a sensor without a reading gives, do not count; a
/// sensor of which most rows do not count is not believed. Of the others it is the one with which most agree
/// within `max_vane_disagreement_K`, the first in the order above where that is not unique.
LoadTemperature load_temperature(const Level1Metadata& level1, SampleRange event,
                                 const SystemTemperatureConfig& config);

/// Rows of the vane's sensors outside [min, max]_vane_temperature_C, which do not count; nothing for a sensor that says
/// nothing else. One trouble for each sensor.
std::vector<Trouble> odd_temperatures(const Level1Metadata& level1, const SystemTemperatureConfig& config);

}  // namespace comap
