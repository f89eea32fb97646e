#pragma once
/// \file
/// Checks that no single key can make: of several keys together, and of files that keys name.

#include "config/config.hpp"
#include "config/problems.hpp"

namespace comap {

void check_consistency(const Config& config, const KeyPlaces& places, Problems& problems);

}  // namespace comap
