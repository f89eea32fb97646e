#pragma once
/// \file
/// How many bands a job can hold at once, and whether its samples must go to a disk.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"

namespace comap {

/// Bytes that a rank holds for each of its samples at the peak of a job that reads and solves `n_bands` bands together;
/// `more_follow` when others are read after them, for which the pointing is kept. Maps and libraries are not in it.
double bytes_per_sample(const MapmakeConfig& config, std::size_t n_bands, bool more_follow);

struct MemoryPlan {
  std::vector<std::vector<int>> groups;  ///< [mapmake] bands that are read and solved together
  double resident_bytes = 0.0;           ///< of arrays on the scratch, see Scratch; 0 = none is needed
};

/// As many bands at once as memory_GB allows a rank of `n_samples`, all when it is 0; one at a time on the scratch when
/// not even that fits. Throws ConfigError, with what would do, when the offsets alone are too much.
MemoryPlan plan_memory(const MapmakeConfig& config, std::int64_t n_samples);

/// Throws ConfigError, with the size and what helps, when memory_GB is 0 and a rank of `n_samples` would take more than
/// there is.
void check_sample_memory(const MapmakeConfig& config, std::int64_t n_samples);

/// [mapmake] scratch_dir, else $TMPDIR, else /tmp.
std::string scratch_directory(const MapmakeConfig& config);

}  // namespace comap
