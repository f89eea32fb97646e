#pragma once
/// \file
/// The configuration that a map keeps in its HISTORY.

#include <map>
#include <string>
#include <vector>

namespace comap {

/// Values by key ("mapmake.offset_length"), as text without comments and spaces around; empty when HISTORY has none.
/// Lines are put together that describe_map broke at 72 characters: a line goes on when its first word did not fit on
/// the line before and it does not begin a key or a table.
std::map<std::string, std::string> config_of_history(const std::vector<std::string>& history);

/// False for keys that say where things are and what is shown, not what a map is made of: the sections [catalogue],
/// [log], [run], [io], [parallel], [simulate], and names and directories of [level2] and [mapmake].
bool affects_pixels(const std::string& key);

}  // namespace comap
