#pragma once
/// \file
/// [io]: opening, reading and writing of files.

#include <map>
#include <string>

#include "core/retry.hpp"

namespace comap {

/// [io]
struct IoConfig : RetryPolicy {
  int compression = 0;  ///< gzip level of Level-2 datasets, 0 = none
  bool read_ahead = true;
  std::map<std::string, std::string> mpi_hints;
};

}  // namespace comap
