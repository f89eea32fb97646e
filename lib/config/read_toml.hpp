#pragma once
/// \file
/// TOML text read through a Binder.

#include <string>
#include <string_view>
#include <vector>

#include "config/binder.hpp"
#include "config/problems.hpp"

namespace comap {

/// Lays `sets` ("section.key=value", the later wins) over the TOML text and runs `bind` with a Binder of the root
/// table, which reads the values that are given and leaves the others alone. Syntax errors, wrong types, values out of
/// range and unknown keys (with the closest known name) go to `problems`. Returns where each key was given.
KeyPlaces read_toml(std::string_view text, const std::string& file_name, const std::vector<std::string>& sets,
                    const Binder::BindTable& bind, Problems& problems);

}  // namespace comap
