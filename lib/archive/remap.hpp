#pragma once
/// \file
/// A directory of files has moved: the paths in the catalogue follow.

#include <string>
#include <vector>

#include "archive/path_changes.hpp"

namespace comap::sql {

struct RemapOptions {
  std::string old_prefix;  ///< whole components of a path: /data/a is no prefix of /data/ab/x; may be relative
  std::string new_prefix;
  bool require_new_path_exists = false;  ///< paths that lead nowhere afterwards stay as they are
};

struct RemapPlan {
  std::vector<PathChange> level1, level2;
  std::vector<PathChange> left;  ///< of both levels: the new path does not exist
};

/// The changes that change_paths() is to make. Paths match a relative old prefix as it stands, and below the working
/// directory. Throws ConfigError for an empty prefix, CatalogueError when no path begins with the old one, or when none
/// could be changed because no new path exists. Within a transaction.
RemapPlan plan_remap(Connection& connection, const RemapOptions& options);

}  // namespace comap::sql
