#pragma once
/// \file
/// Names of stages and commands.

#include "config/config.hpp"
#include "config/problems.hpp"

namespace comap {

/// Refuses names of stages and commands that do not exist.
void check_availability(const Config& config, const KeyPlaces& places, Problems& problems);

}  // namespace comap
