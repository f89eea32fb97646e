#pragma once
/// \file
/// Where a Level-1 file says that its feeds looked, at some samples.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "io/level1/level1_metadata.hpp"

namespace comap {

/// pixel_ra and pixel_dec as stored, every few seconds of each run in which the telescope observes.
struct StatedPositions {
  std::vector<std::int64_t> samples;  ///< ascending
  std::vector<double> ra;             ///< [feed row][samples]
  std::vector<double> dec;            ///< [feed row][samples]
};

/// Runs [first, end) of samples of a stretch with a feature but the vane's; the stretch where there are none.
std::vector<std::array<std::int64_t, 2>> observing_runs(const Level1Metadata& level1,
                                                        const std::array<std::int64_t, 2>& stretch);

/// Reads the file of `level1`, for stretches [first, end) that follow each other. Throws IoError.
StatedPositions read_stated_positions(const Level1Metadata& level1,
                                      const std::vector<std::array<std::int64_t, 2>>& stretches);

}  // namespace comap
