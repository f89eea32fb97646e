#pragma once
/// \file
/// Rows of the catalogue against the files they name.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "config/catalogue_config.hpp"
#include "core/communicator.hpp"
#include "io/file_probe.hpp"
#include "stages/stage_list.hpp"

namespace comap {

/// The action of repair() on a problem.
enum class Repair {
  none,             ///< the catalogue cannot help: a file must be found, or made again
  clear_level2,     ///< level2_path is cleared, `complete` becomes `pending`
  status_pending,   ///< `complete` without a Level-2 file becomes `pending`
  status_complete,  ///< a good Level-2 file with the status `pending`, or without status
};

struct VerifyProblem {
  std::int64_t obsid = 0;
  /// level1_ or level2_ and missing, unreadable, damaged, incomplete, foreign; level2_outdated; status_wrong
  std::string kind;
  std::string path;
  std::string reason;
  Repair repair = Repair::none;

  static auto members(auto& x) { return std::tie(x.obsid, x.kind, x.path, x.reason, x.repair); }
};

struct VerifyOptions {
  SelectConfig select;
  bool with_stages = true;        ///< compare the stage records of Level-2 files with the configuration
  DeadlyFiles deadly_files = {};  ///< on every rank
};

struct VerifyReport {
  std::int64_t n_observations = 0;
  std::vector<VerifyProblem> problems;  ///< in order of obsid
};

/// Looks into every file of the selected observations, shared out over the ranks: is it there, whole, complete, of this
/// observation; were its stages made as `stages` are now (lib/level2/rerun_plan). An observation without a
/// path has nothing to verify. Changes nothing. Rank 0 has the catalogue and returns the report, the others pass a
/// null pointer. Throws CatalogueError or ObservationError on every rank. Collective.
VerifyReport verify(Catalogue* catalogue, const StageList& stages, const VerifyOptions& options,
                    const Communicator& world);

namespace sql {
/// Repairs what can be, where the row is still as it was found. Returns the number of observations whose row changed.
/// Within a transaction.
std::int64_t repair(Connection& connection, const std::vector<VerifyProblem>& problems);
}  // namespace sql

}  // namespace comap
