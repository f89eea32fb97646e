#pragma once
/// \file
/// Names of Level-2 files on disk against the rows of the catalogue. The files are not opened.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "archive/path_changes.hpp"
#include "catalogue/file_search.hpp"
#include "data/observation.hpp"

namespace comap {

struct MissingLevel2 {
  std::int64_t obsid = 0;
  std::string level2_path;
  std::string level1_path;  ///< from which it can be made again; may be empty
};

/// All in order of obsid.
struct ReconcileReport {
  std::int64_t n_registered = 0;  ///< rows with a Level-2 path
  std::int64_t n_files = 0;
  std::vector<MissingLevel2> missing;     ///< the registered file is gone and there is no other
  std::vector<sql::PathChange> remapped;  ///< the registered file is gone, and there is another: the first by name
  std::multimap<std::int64_t, std::string> not_in_catalogue;   ///< no row, or a row without a Level-2 path
  std::map<std::int64_t, std::vector<std::string>> duplicate;  ///< all files of the observation, ascending
  std::vector<FileProblem> problems;
};

/// A registered file that is there stays, wherever it is; of a file that cannot be looked at nothing is said.
ReconcileReport reconcile(const FoundFiles& found, const std::vector<Observation>& rows);

/// Writes missing_level2_rows.tsv, missing_level2_obsids.txt, missing_level2_level1_paths.txt,
/// remapped_level2_rows.tsv, level2_files_not_in_db.tsv and duplicate_level2_files.tsv, all of them, creating the
/// directory. Lines of obsid and path(s) separated by tabs, no header. Returns the paths. Throws IoError.
std::vector<std::string> write_reconcile_files(const std::string& directory, const ReconcileReport& report);

/// Clears the paths of the missing files and sets those of the moved ones. Within a transaction.
void apply_reconcile(sql::Connection& connection, const ReconcileReport& report);

}  // namespace comap
