#pragma once
/// \file
/// Which stages of an observation must run, and why.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "level2/provenance.hpp"

namespace comap {

/// The decision for one observation. A stage runs when its parameters, its software version or its inputs are not those
/// of its record in the file, when a stage that it builds on runs, or when `overwrite` says so.
struct RerunPlan {
  std::string no_earlier_file;       ///< why no file can be kept; empty when there is one
  std::vector<StageRecord> records;  ///< of every stage of the pipeline, as they will be written
  std::vector<std::string> reasons;  ///< for each of them why it runs; empty = its results are kept
  /// For each of them: results in the file are used. Also of a stage that runs, when it needs no samples and builds on
  /// the same data as then: it may start from its own earlier results.
  std::vector<bool> reuses;
  std::map<std::string, StageRecord> earlier;  ///< as the file has them
  std::vector<std::string> dropped;            ///< stages in the file that the pipeline does not have
  bool needs_level1 = true;                    ///< false: the Level-1 file is not opened

  bool runs(std::size_t stage) const { return !reasons[stage].empty(); }
  bool up_to_date() const;
  /// One line for logs and --dry-run: which stages run, and why.
  std::string text() const;
  static auto members(auto& x) {
    return std::tie(x.no_earlier_file, x.records, x.reasons, x.reuses, x.earlier, x.dropped, x.needs_level1);
  }
};

/// The two sides to compare: the file as it is and the job as it would be done now.
struct RerunQuestion {
  const StageList& stages;
  std::string level1_path;
  std::string level2_path;
  const nlohmann::json& snapshot;     ///< ObservationJob::snapshot
  std::string following_level2_path;  ///< ObservationJob::following_level2_path
  std::string deadly = {};            ///< why the Level-2 file must not be opened (io/file_probe.hpp); empty = it may
};

/// Reads the stage records of the Level-2 file. Serial. A Level-2 file that is missing, incomplete or damaged is made
/// anew. Throws IoError when the Level-1 file is needed and cannot be seen.
RerunPlan plan_rerun(const RerunQuestion& question);

}  // namespace comap
