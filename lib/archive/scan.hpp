#pragma once
/// \file
/// Bringing the catalogue in line with the files on disk.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "catalogue/file_search.hpp"
#include "catalogue/inspect_file.hpp"
#include "core/communicator.hpp"

namespace comap {

struct ScanOptions {
  std::vector<std::string> level1_dirs;
  std::vector<std::string> level2_dirs;
  bool overwrite = false;         ///< columns and paths that are there are replaced
  bool clear_statistics = false;  ///< with the level2_path of a file that is gone
  bool dry_run = false;           ///< change nothing
  DeadlyFiles deadly_files = {};  ///< on every rank
};

/// The changes to make. Rows of comap_data are for upsert_observations.
struct ScanPlan {
  std::vector<Row> rows;                       ///< one for each obsid, with level1_path where there is a file
  std::vector<Row> moved;                      ///< {obsid, level1_path}: the registered file is gone
  std::map<std::int64_t, std::string> level2;  ///< paths to register
  std::vector<std::int64_t> gone;              ///< level2_path to clear
  std::int64_t n_new = 0;                      ///< rows for obsids that are not in the catalogue
};

struct ScanReport {
  std::int64_t n_level1_files = 0;
  std::int64_t n_level2_files = 0;
  ScanPlan plan;
  std::vector<FileProblem> problems;  ///< in order of path; none of them stops the scan
};

/// Compares findings with the rows of the catalogue. Of several files of one observation the registered one is kept
/// if it is among them, else the first in order of path is taken, and the others are reported. A registered Level-1
/// path is replaced when its file is gone or `overwrite` is set, a Level-2 path likewise.
ScanPlan plan_scan(const std::vector<FileFinding>& findings, const std::vector<Observation>& known, bool overwrite,
                   std::vector<FileProblem>& problems);

/// Finds the files, reads them (shared out over the ranks) and writes the catalogue. Rank 0 has the catalogue, the
/// others pass a null pointer; rank 0 returns the report, the others an empty one. Throws CatalogueError on every
/// rank. Collective.
ScanReport scan_files(Catalogue* catalogue, const ScanOptions& options, const Communicator& world);

}  // namespace comap
