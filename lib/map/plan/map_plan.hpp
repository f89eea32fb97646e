#pragma once
/// \file
/// Who does what in a map job: the files are looked at once, then divided among the ranks.

#include <cstdint>
#include <tuple>
#include <vector>

#include "core/communicator.hpp"
#include "map/plan/cuts.hpp"
#include "map/plan/level2_traits.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// What a look into the file of one observation gave.
struct SurveyedObservation {
  MapOutcome outcome;
  Level2Traits traits;                   ///< of a file that is used
  std::vector<int> feeds;                ///< of which anything is used
  std::int64_t n_samples = 0;            ///< in scans, over these feeds
  std::int64_t n_scans = 0;              ///< (feed, frequency_band, scan) that are used
  std::int64_t n_without_sigma_red = 0;  ///< of these, without a noise fit
  ExclusionCounts counts{};
  /// Of the feeds of which nothing is used, by the rank that looked into the file; empty on the others.
  std::vector<ScanCuts> unread;

  /// Without `unread`.
  static auto members(auto& x) {
    return std::tie(x.outcome, x.traits, x.feeds, x.n_samples, x.n_scans, x.n_without_sigma_red, x.counts);
  }
};

/// Where the samples of a map come from: those of Level-1 have not been through the gain filter of Level-2.
enum class SampleSource { level1, level2 };

/// Looks into the file of every observation, each rank into its share; every rank gets all results, in the order of
/// `observations`. A bad file becomes an outcome, never an exception, and so does one that does not belong to the
/// others (belonging.hpp). Collective.
std::vector<SurveyedObservation> survey_observations(const MapmakeConfig& config, const IoConfig& io,
                                                     const std::vector<MapObservation>& observations,
                                                     const Communicator& ranks,
                                                     SampleSource source = SampleSource::level2);

/// It is not used, for this reason alone.
void leave_out_observation(SurveyedObservation& observation, Exclusion reason, const std::string& text);

SelectionReport selection_report(const std::vector<SurveyedObservation>& survey);
/// Lines for the HISTORY of a map: what the files that are used were made with.
std::vector<std::string> settings_lines(const std::vector<SurveyedObservation>& survey);

/// Feeds of one observation that one rank reads.
struct MapUnit {
  std::size_t observation = 0;  ///< index in the job's list
  std::vector<int> feeds;
  FileIdentity file = {};  ///< its Level-2 file as it was looked into
};

/// Divides the used observations among `n_ranks` by number of samples, the largest first to the rank with the least;
/// each rank's units are in order of observation. Whole observations where that leaves no rank with more than 10 %
/// above the mean, single feeds otherwise. Depends on nothing but its arguments. [rank][unit]
std::vector<std::vector<MapUnit>> distribute(const std::vector<SurveyedObservation>& survey, int n_ranks);

}  // namespace comap
