#pragma once
/// \file
/// Results that the catalogue would not take: kept in a file, applied by the next run before anything else.

#include <cstdint>
#include <string>

#include "catalogue/catalogue.hpp"
#include "config/run_config.hpp"

namespace comap {

/// Records results; those that fail go to `<log.directory>/unrecorded_results.jsonl`: a line for each, on the disk
/// before record() returns, which names the catalogue that it is for. Runs that share the directory share the file,
/// under a lock. Rank 0 only.
class ResultJournal {
 public:
  /// `run_id` as in comap_runs: whose results they are. Throws CatalogueError.
  ResultJournal(Catalogue& catalogue, const LogConfig& log, std::string run_id);

  /// Applies what earlier runs have left for this catalogue, unless a later result of the same observation has been
  /// recorded since. What the catalogue refuses for a reason of its own stays in the file, with a warning, and so does
  /// what is for another catalogue; lines that are no results and Level-2 files that are gone are left out. Throws
  /// CatalogueError, with everything kept, when the catalogue cannot be reached.
  void apply_left_over();

  /// Records the result, notes whose it is and gives back its claim, in one transaction; not when another run has
  /// meanwhile made the Level-2 file or, for a failure, taken the claim. Never throws: a result that
  /// the journal cannot keep either is in its Level-2 file, from which the next run takes it.
  void record(const ObservationResult& result);

  /// Why the catalogue could not be reached; empty while it can. Later results go straight to the file.
  const std::string& outage() const { return outage_; }
  /// Results of this run that the catalogue did not take.
  std::int64_t n_unrecorded() const { return n_unrecorded_; }
  const std::string& path() const { return path_; }

 private:
  void keep(const ObservationResult& result);

  Catalogue& catalogue_;
  std::string path_;
  std::string run_id_;
  std::string catalogue_name_;
  std::string outage_;
  std::int64_t n_unrecorded_ = 0;
};

}  // namespace comap
