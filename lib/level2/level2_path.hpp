#pragma once
/// \file
/// Where the Level-2 file of an observation belongs.

#include <string>

#include "config/level2_config.hpp"
#include "data/observation.hpp"

namespace comap {

/// output_dir / layout / Level2_<Level-1 base name>. The layout knows {year}, {month}, {source}, {source_group} and
/// {obsid}; year and month come from utc_start, else from the date in the name of the Level-1 file. Names from files
/// become letters, digits and . _ + -, at most 64. Throws ConfigError for another {word}, ObservationError when no date
/// is known.
std::string level2_path(const Level2Config& config, const Observation& observation);

}  // namespace comap
