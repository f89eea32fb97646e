#pragma once
/// \file
/// Pictures of continuum maps.

#include <string>

#include "io/map/continuum_map.hpp"

namespace comap {

/// A PNG of the destriped map beside NAIVE, HITS and RMS, axes in degrees, colour bar with unit, title; drawn by
/// gnuplot. A HEALPix map is shown on a CAR grid, each point with the value of its pixel. Throws IoError when gnuplot
/// is missing or fails.
void plot_map(const std::string& png_path, const ContinuumMap& map, const std::string& title);

/// A PNG of the difference of two maps, in mK and over its noise, with colours symmetric about zero. `difference` has
/// the difference as destriped map, its noise as rms, and no other images; masked pixels are left out. Throws IoError.
void plot_difference(const std::string& png_path, const ContinuumMap& difference, const std::string& title);

}  // namespace comap
