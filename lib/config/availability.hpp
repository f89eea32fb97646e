#pragma once
/// \file
/// Settings that are documented but whose feature this version does not have.

#include "config/config.hpp"
#include "config/problems.hpp"

namespace comap {

/// Refuses every value whose feature is not built, and names of stages and commands that do not exist.
void check_availability(const Config& config, const KeyPlaces& places, Problems& problems);

}  // namespace comap
