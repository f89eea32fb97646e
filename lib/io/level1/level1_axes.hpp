#pragma once
/// \file
/// The axes of a Level-1 file alone.

#include <string>

#include "io/level1/level1_metadata.hpp"

namespace comap {

/// Shape, MJD, feeds, frequencies and their order, as read_level1_metadata gives them; nothing else is read or checked.
/// Throws as that does.
Level1Metadata read_level1_axes(const std::string& path);

}  // namespace comap
