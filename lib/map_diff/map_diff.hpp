#pragma once
/// \file
/// Why two maps differ: settings, software, observations, grid, then pixels.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/map/continuum_map.hpp"

namespace comap {

/// A name with its two values as text; an empty one is missing.
struct ValueChange {
  std::string name;
  std::string a, b;
  bool affects_pixels = true;
};

struct ObservationChange {
  std::int64_t obsid = 0;
  std::optional<std::int64_t> samples_a, samples_b;  ///< none: not in that map
};

/// b - a of one image where both are valid.
struct ImageChange {
  std::string image;  ///< name of the HDU
  std::string unit;
  bool identical = true;                        ///< the same bits in every pixel, NaN like NaN
  std::int64_t n_both = 0;                      ///< pixels with a value in both
  std::int64_t n_only_a = 0, n_only_b = 0;      ///< pixels with a value in one
  std::int64_t n_different = 0;                 ///< of n_both
  double mean = 0.0, rms = 0.0, largest = 0.0;  ///< of the difference; NaN without common pixels
  double correlation = 0.0;                     ///< of the two images
  /// The same in units of the noise, sqrt((RMS_a^2 + RMS_b^2) / 2) pixel by pixel; of images of the sky only.
  std::optional<double> mean_noise, rms_noise, largest_noise;
};

struct MapDiff {
  std::vector<ValueChange> settings;  ///< of the effective configurations
  std::vector<ValueChange> software;  ///< PROGRAM, SWVER, GITCOMM
  std::vector<ValueChange> header;    ///< other cards, what the solver reported among them
  std::vector<ObservationChange> observations;
  std::vector<ValueChange> grid;
  std::vector<ImageChange> images;  ///< empty when the grids differ
  std::string verdict;              ///< one sentence

  bool same_pixels() const;
};

/// Compares a with b, which may have been read from files of different formats. A pixel that one HEALPix map lacks
/// counts as one without value.
MapDiff compare_maps(const ContinuumMap& a, const ContinuumMap& b);

/// On the grid of both: b - a as destriped map [K], NaN and masked where one has none; as rms the noise of a pixel of
/// either map, sqrt((RMS_a^2 + RMS_b^2) / 2) [K]. No other images.
ContinuumMap difference_map(const ContinuumMap& a, const ContinuumMap& b);

}  // namespace comap
