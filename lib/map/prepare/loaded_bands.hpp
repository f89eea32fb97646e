#pragma once
/// \file
/// Samples of some bands, ready for the destriper, and what else is known of them.
/// In this folder: map_share reads and prepares what loaded_bands holds, with map_pointing, prepare_scan and
/// noise_model (one scan) and scan_track (its track); subpixel is for a second solve.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "destripe/problem.hpp"
#include "io/level2/level2_reader.hpp"
#include "map/plan/cuts.hpp"
#include "map/prepare/subpixel.hpp"

namespace comap {

/// Noise of one segment in one stream.
struct SegmentNoise {
  /// P(f) [K^2, |FFT|^2/N per sample] of the correlated noise; empty = white noise alone.
  std::function<double(double)> correlated_K2;
  double sample_time_s = 0.0;
  std::uint64_t key = 0;  ///< of the random numbers: the same for any number of ranks
  /// On white and correlated noise together; empty = 1.
  std::function<double(double)> factor = {};
  /// P(f) [K^2] of noise that all segments with `common_key` see at the same time; empty = none.
  std::function<double(double)> common_K2 = {};
  std::uint64_t common_key = 0;
};

/// One scan of a feed in one band, besides its samples.
struct SegmentOfBand {
  ScanCuts cuts = {};
  std::optional<Exclusion> excluded = {};  ///< it was selected, but its pointing or samples are no good
  Passband passband = {};
  SegmentNoise noise = {};  ///< for null_test_simulations only
};

/// Some bands of the samples of this rank; a stream of the destriper for each.
struct LoadedBands {
  std::vector<int> frequency_bands;  ///< [stream]
  DestriperData data;
  double sample_time_s = 0.0;                        ///< 0 on ranks without files
  LargeVector<WithinPixel> within_pixel;             ///< [sample], for the sub-pixel pass only
  std::vector<std::size_t> scan_of_segment;          ///< index of MapShare::scans(), for each segment
  std::vector<std::vector<SegmentOfBand>> segments;  ///< [stream][segment]
};

}  // namespace comap
