#pragma once
/// \file
/// Files that moved or went: their paths in comap_data.

#include <cstdint>
#include <string>
#include <vector>

#include "catalogue/file_search.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

struct PathChange {
  std::int64_t obsid = 0;
  std::string old_path;
  std::string new_path;  ///< empty = there is no file any more
};

/// Changes level1_path or level2_path where it is still `old_path`, and returns how many. A Level-1 path that goes is
/// noted in old_path_data, in place of an earlier one. The status of an observation that loses its Level-2 file becomes
/// `pending` where it was `complete`. Within a transaction.
std::int64_t change_paths(Connection& connection, DataLevel level, const std::vector<PathChange>& changes);

}  // namespace comap::sql
