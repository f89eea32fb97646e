#pragma once
/// \file
/// Names of stages and commands.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/problems.hpp"

namespace comap {

/// Refuses names of commands, and of stages that are not among the known ones unless none is known.
void check_availability(const Config& config, const std::vector<std::string>& known_stages, const KeyPlaces& places,
                        Problems& problems);

}  // namespace comap
