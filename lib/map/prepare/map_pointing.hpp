#pragma once
/// \file
/// Where the samples of a map lie on the sky.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/mapmake_config.hpp"
#include "io/level2/level2_reader.hpp"
#include "sky/coordinates.hpp"

namespace comap {

/// The observer and the pointing corrections that [mapmake] names; the same on every rank.
struct MapPointing {
  /// Throws ConfigError, IoError.
  explicit MapPointing(const MapmakeConfig& config);

  Observer observer;
  std::vector<PointingModel> models;  ///< by feed - 1; empty = no corrections

  void correct(int feed, FeedPointing& pointing) const;
  /// The pointing of one feed of a file, with its corrections.
  FeedPointing of_feed(const Level2Reader& file, int feed) const;
};

/// Samples from which an extent is taken; at 50 Hz and 1 deg/s they are a fifth of a degree apart.
inline constexpr std::size_t kExtentStep = 10;

/// The positions of every `step`-th sample of a scan [start, end).
SkyPositions positions_in_scan(const Observer& observer, const Level2Reader& file, const FeedPointing& pointing,
                               const std::array<std::int64_t, 2>& scan, SkyFrame frame, std::size_t step = 1);

}  // namespace comap
