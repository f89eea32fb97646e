#pragma once
/// \file
/// Results that the catalogue would not take: kept in a file, applied by the next run before anything else.

#include <string>

#include "catalogue/catalogue.hpp"
#include "config/config.hpp"

namespace comap {

/// Records results; those that fail go to `<log.directory>/unrecorded_results.jsonl`. Rank 0 only.
class ResultJournal {
 public:
  ResultJournal(Catalogue& catalogue, const LogConfig& log);
  /// Applies what an earlier run has left. A catalogue that refuses again is an error: nothing is lost.
  void apply_left_over();
  void record(const ObservationResult& result);

 private:
  Catalogue& catalogue_;
  std::string path_;
};

}  // namespace comap
