#pragma once
/// \file
/// Steps of every job that makes maps or cubes of observations: survey_observations, divide_work, a FileShare that
/// reads, leave_out_failed after each reading, count_exclusions, then what is the job's own.

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/communicator.hpp"
#include "map/plan/map_plan.hpp"

namespace comap {

/// The files that this rank reads. The output directory is made when anything can be used. Collective.
std::vector<MapUnit> divide_work(const std::vector<SurveyedObservation>& survey, const std::string& output_dir,
                                 const Communicator& ranks);

/// An observation, or a feed of it, that failed while it was read, after the survey had found nothing wrong.
struct ReadFailure {
  std::size_t observation = 0;
  Exclusion reason = Exclusion::file_unreadable;
  int feed = 0;  ///< 0 = the whole observation
  std::string text;

  static auto members(auto& x) { return std::tie(x.observation, x.reason, x.feed, x.text); }
};

/// The files that one rank reads. Nothing here is collective: what cannot be read is noted in failures(), and the ranks
/// agree on leaving it out between two calls.
class FileShare {
 public:
  const std::vector<ReadFailure>& failures() const { return failures_; }
  /// Forgets an observation and its failures.
  void drop_observation(std::size_t observation);

 protected:
  /// `stage` is for the log.
  FileShare(const std::vector<MapObservation>& observations, std::vector<MapUnit> units, std::string stage)
      : observations_(observations), units_(std::move(units)), stage_(std::move(stage)) {}
  /// Notes what `work` throws because of a file, with the reason that it has set. `feed` 0: it ends the observation.
  void attempt(const MapUnit& unit, int feed, const std::function<void(Exclusion& reason)>& work);

  const std::vector<MapObservation>& observations_;
  std::vector<MapUnit> units_;

 private:
  std::string stage_;
  std::vector<ReadFailure> failures_;
};

/// Leaves out on all ranks what any of them failed to read, an observation with the first reason in order of rank,
/// `more` behind its text. Collective.
void leave_out_failed(FileShare& share, std::vector<SurveyedObservation>& survey, const Communicator& ranks,
                      const std::string& more = "");

/// Scans of this rank whose pointing or samples are no good move from used to excluded, in the survey of every rank
/// alike. Collective.
void count_exclusions(const std::vector<std::pair<std::size_t, Exclusion>>& scans,
                      std::vector<SurveyedObservation>& survey, const Communicator& ranks);

}  // namespace comap
