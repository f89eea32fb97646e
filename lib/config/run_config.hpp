#pragma once
/// \file
/// [parallel], [log] and [run].

#include <string>
#include <vector>

namespace comap {

/// [parallel]
struct ParallelConfig {
  int ranks_per_observation = 0;  ///< 0 = "auto"
};

/// [log]
struct LogConfig {
  std::string directory = "logs";
  std::string level = "info";
  bool json = false;
  bool progress = true;
};

/// [run]
struct RunConfig {
  std::vector<std::string> pipeline = {"catalogue scan", "level2", "calibrate", "mapmake"};
  std::vector<std::string> level1_dirs;
  std::vector<std::string> level2_dirs;
};

}  // namespace comap
