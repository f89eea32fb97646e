#pragma once
/// \file
/// All that is known of the files of a map before their samples are read.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "map/plan/cuts.hpp"
#include "map/plan/level2_traits.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// The result of a look into the file of one observation.
struct SurveyedObservation {
  MapOutcome outcome;
  Level2Traits traits;                   ///< of a file that is used
  std::vector<int> feeds;                ///< of which anything is used
  std::int64_t n_samples = 0;            ///< in scans, over these feeds
  std::int64_t n_scans = 0;              ///< (feed, frequency_band, scan) that are used
  std::int64_t n_without_sigma_red = 0;  ///< of these, without a noise fit
  ExclusionCounts counts{};
  /// The cuts of the feeds of which nothing is used, by the rank that looked into the file; empty on the others.
  std::vector<ScanCuts> unread;

  /// Without `unread`.
  static auto members(auto& x) {
    return std::tie(x.outcome, x.traits, x.feeds, x.n_samples, x.n_scans, x.n_without_sigma_red, x.counts);
  }
};

/// Where the samples of a map come from: those of Level-1 have not been through the gain filter of Level-2.
enum class SampleSource { level1, level2 };

/// It is not used, for this reason alone.
void leave_out_observation(SurveyedObservation& observation, Exclusion reason, const std::string& text);

SelectionReport selection_report(const std::vector<SurveyedObservation>& survey);
/// Lines for the HISTORY of a map: what the files that are used were made with.
std::vector<std::string> settings_lines(const std::vector<SurveyedObservation>& survey);

}  // namespace comap
