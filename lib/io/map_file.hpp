#pragma once
/// \file
/// Continuum maps as files: FITS with the HDUs and headers of formats.md, and their pictures.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace comap {

/// A header card besides the WCS: name of at most 8 characters, value, comment (with unit). A number that is not
/// finite is left out.
struct HeaderCard {
  std::string name;
  std::variant<std::int64_t, double, bool, std::string> value;
  std::string comment;
};

struct ObservationRow {
  std::int64_t obsid = 0;
  std::int64_t n_samples = 0;  ///< samples with weight > 0 in the map
};

/// One continuum map; images are [y][x] with NaN where the mask is not 0.
struct ContinuumMap {
  WcsDefinition wcs;
  std::vector<float> destriped_K;
  std::vector<float> naive_K;
  std::vector<float> hits;
  std::vector<float> rms_K;
  std::vector<std::uint8_t> mask;  ///< sum of bits: 1 never hit, 2 below the hit percentile, 4 clipped border
  std::vector<HeaderCard> cards;
  std::vector<std::string> history;
  std::vector<ObservationRow> observations;
};

/// Writes `path` with all HDUs, checksums and the OBSIDS table; the file appears under its name only when complete.
/// DATE is the only thing that differs between two runs. Throws IoError.
void write_map_fits(const std::string& path, const ContinuumMap& map);

/// A PNG of the destriped map beside NAIVE, HITS and RMS, axes in degrees, colour bar with unit, title; drawn by
/// gnuplot. Throws IoError when gnuplot is missing or fails.
void plot_map(const std::string& png_path, const ContinuumMap& map, const std::string& title);

}  // namespace comap
