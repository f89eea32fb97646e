#include "map/plan/job_steps.hpp"

#include <fmt/core.h>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "core/stopping.hpp"
#include "io/output_directory.hpp"

namespace comap {

std::vector<MapUnit> divide_work(const std::vector<SurveyedObservation>& survey, const std::string& output_dir,
                                 const Communicator& ranks) {
  if (selection_report(survey).n_used() > 0) run_on_rank_zero(ranks, [&] { prepare_output_directory(output_dir); });
  return distribute(survey, ranks.size())[ranks.rank()];
}

void FileShare::drop_observation(std::size_t observation) {
  std::erase_if(units_, [=](const MapUnit& unit) { return unit.observation == observation; });
  std::erase_if(failures_, [=](const ReadFailure& failure) { return failure.observation == observation; });
}

void FileShare::attempt(const MapUnit& unit, int feed, const std::function<void(Exclusion& reason)>& work) {
  const std::int64_t obsid = observations_[unit.observation].observation.obsid;
  const ScopedLogContext log({.rank = log_context().rank, .team = -1, .obsid = obsid, .stage = stage_});
  throw_when_stopped();
  Exclusion reason = Exclusion::file_unreadable;
  try {
    work(reason);
  } catch (const ReplacedFile& error) {
    failures_.push_back({unit.observation, Exclusion::file_replaced, feed, error.what()});
  } catch (const ObservationError& error) {
    failures_.push_back({unit.observation, reason, feed, error.what()});
  } catch (const IoError& error) {
    failures_.push_back({unit.observation, reason, feed, error.what()});
  }
}

void leave_out_failed(FileShare& share, std::vector<SurveyedObservation>& survey, const Communicator& ranks,
                      const std::string& more) {
  for (const ReadFailure& failure : joined(all_gather(ranks, share.failures()))) {
    SurveyedObservation& observation = survey[failure.observation];
    if (!observation.outcome.used) continue;
    if (failure.feed != 0) {
      observation.outcome.bad_file = true;
      observation.outcome.reason += fmt::format("; feed {} is left out: {}", failure.feed, failure.text);
      continue;
    }
    share.drop_observation(failure.observation);
    leave_out_observation(observation, failure.reason, failure.text + more);
  }
}

void count_exclusions(const std::vector<std::pair<std::size_t, Exclusion>>& scans,
                      std::vector<SurveyedObservation>& survey, const Communicator& ranks) {
  std::vector<std::int64_t> counts(survey.size() * kExclusions, 0);
  for (const auto& [observation, reason] : scans) ++counts[observation * kExclusions + place_of(reason)];
  ranks.sum(std::span<std::int64_t>(counts));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    SurveyedObservation& observation = survey[i / kExclusions];
    observation.counts[i % kExclusions] += counts[i];
    observation.n_scans -= counts[i];
  }
}

}  // namespace comap
