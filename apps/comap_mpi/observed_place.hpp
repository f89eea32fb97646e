#pragma once
/// \file
/// Where the telescope looked in one observation.

#include <optional>
#include <string>

#include "config/config.hpp"
#include "data/observation.hpp"
#include "sky/coordinates.hpp"

namespace comap {

struct ObservedPlace {
  SkyPosition icrs;
  SkyPosition galactic;
  Horizontal horizontal;
  std::string origin;  ///< "level2" or "source"
};

/// From the Level-2 file: the mean direction of the lowest feed over the samples inside scans, without pointing model.
/// Without a readable file: of a source of known position (source_positions.hpp) that position, seen at utc_start.
/// Empty when neither is known; why a file could not be read is a warning in the log.
std::optional<ObservedPlace> observed_place(const Config& config, const Observer& observer,
                                            const Observation& observation);

}  // namespace comap
