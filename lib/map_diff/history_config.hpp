#pragma once
/// \file
/// The configuration that a map keeps.

#include <map>
#include <string>
#include <vector>

namespace comap {

/// Values by key ("mapmake.offset_length"), as text without comments and spaces around.
using ConfigValues = std::map<std::string, std::string>;

/// The values of a configuration as it stands in a map (ContinuumMap::config_text).
ConfigValues config_of_text(const std::string& toml);

/// The values in the HISTORY of a map by a version before 0.3; empty when it has none. Lines are put together that were
/// broken at 72 characters: a line goes on when its first word did not fit on the line before and it does not begin a
/// key or a table.
ConfigValues config_of_history(const std::vector<std::string>& history);

/// False for keys that say where things are, what is shown and what is warned of, not what a map is made of: the
/// sections [catalogue], [log], [run], [io], [parallel], [simulate], [linemap], [acquire], and some keys of [level2]
/// and [mapmake].
bool affects_pixels(const std::string& key);

/// True for keys that affect pixels through the choice of observations alone: what differs is in OBSIDS.
bool selects_observations(const std::string& key);

}  // namespace comap
