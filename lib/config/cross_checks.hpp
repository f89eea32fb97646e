#pragma once
/// \file
/// Checks that no single key can make: of several keys together, of names of stages and commands, and of files that
/// keys name.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/problems.hpp"
#include "config/stage_entry.hpp"

namespace comap {

void check_consistency(const Config& config, StageEntries stages, const KeyPlaces& places, Problems& problems);

/// Settings that are allowed but probably not meant, one text each, for the log.
std::vector<std::string> config_warnings(const Config& config);

}  // namespace comap
