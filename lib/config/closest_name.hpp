#pragma once
/// \file
/// Finds the name that was probably meant by one that does not exist.

#include <string>
#include <string_view>
#include <vector>

namespace comap {

/// Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other (optimal string
/// alignment), without regard to case.
int edit_distance(std::string_view from, std::string_view to);

/// The name with the smallest distance, the first of several; empty when there are no names.
std::string closest_name(std::string_view name, const std::vector<std::string>& known);

}  // namespace comap
