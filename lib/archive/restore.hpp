#pragma once
/// \file
/// Rows of the catalogue from the copies of them in Level-2 files (group level2/sql_snapshot).

#include <cstdint>
#include <string>
#include <vector>

#include "catalogue/file_search.hpp"
#include "catalogue/merge.hpp"

namespace comap {

/// The files given, and the Level-2 files below the directories given. What is neither is a problem.
FoundFiles find_snapshots(const std::vector<std::string>& files_or_directories);

struct RestoreReport {
  std::int64_t n_restored = 0;  ///< observations whose snapshot was read
  sql::MergeReport merge;
  std::vector<FileProblem> problems;  ///< files that were left out, in order of path
};

/// Merges what the snapshots say into the catalogue: comap_data with the path of the file, observation_summary,
/// quality_flags, calibration_flux and its frequencies. With Prefer::primary only what is empty is filled. A restored
/// observation that was `pending` becomes `complete`. Files that are not complete, have no snapshot or cannot be read
/// are problems; of several files of one observation the first in order of path is taken. Within a transaction.
RestoreReport restore_rows(sql::Connection& connection, const FoundFiles& found, const sql::MergeOptions& options);

}  // namespace comap
