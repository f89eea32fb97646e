#pragma once
/// \file
/// Shorthand for Stage::outputs.

#include <string>
#include <string_view>

#include "stages/stage.hpp"

namespace comap {

/// A dataset [19][extent...] of which each feed fills the row of its number.
OutputSpec feed_output(std::string_view path, h5::StoredType type, const h5::Extent& extent, const std::string& unit);

/// A dataset that is the same for the whole observation.
OutputSpec observation_output(std::string_view path, h5::StoredType type, const h5::Extent& extent,
                              const std::string& unit);

/// A dataset [event][feed row][band][channel] in counts of the file's feeds.
OutputSpec vane_output(std::string_view path, const ObservationContext& observation, const std::string& unit);

}  // namespace comap
