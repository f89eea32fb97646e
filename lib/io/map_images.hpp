#pragma once
/// \file
/// The images of a map as files and pictures show them; only for the sources of lib/io.

#include <array>
#include <string_view>
#include <vector>

#include "io/map_file.hpp"

namespace comap {

/// One float image of a map and its name in files.
struct NamedImage {
  std::string_view name;  ///< EXTNAME
  std::string_view unit;  ///< BUNIT; empty for counts
  const std::vector<float>& values;
};

/// Destriped map, NAIVE, HITS, RMS.
std::array<NamedImage, 4> float_images(const ContinuumMap& map);

/// NaN where the mask is not 0.
std::vector<float> masked(const std::vector<float>& values, const std::vector<std::uint8_t>& mask);

/// Throws Bug when an image does not have the size of the grid.
void check_images(const ContinuumMap& map);

}  // namespace comap
