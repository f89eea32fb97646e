#pragma once
/// \file
/// Where the feeds of a file look, against each other.

#include <vector>

#include "data/trouble.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {

/// Science feeds with the azimuth and elevation of another one at every sample, and feeds that lie where the file
/// (pixel_xoffset, pixel_yoffset, degrees, where it has them) puts another one. Opens the file again. Throws IoError.
std::vector<Trouble> check_feed_places(const Level1Metadata& level1);

}  // namespace comap
