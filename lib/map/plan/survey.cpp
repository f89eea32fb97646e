#include "map/plan/survey.hpp"

namespace comap {

void leave_out_observation(SurveyedObservation& observation, Exclusion reason, const std::string& text) {
  const std::int64_t obsid = observation.outcome.obsid;
  observation = {};
  observation.outcome = {obsid, false, true, text};
  observation.counts[place_of(reason)] = 1;
}

std::vector<std::string> settings_lines(const std::vector<SurveyedObservation>& survey) {
  std::vector<const std::string*> settings;
  for (const SurveyedObservation& observation : survey) {
    if (observation.outcome.used && observation.traits.settings) settings.push_back(observation.traits.settings.get());
  }
  if (settings.empty()) return {};
  std::vector<std::string> lines = {"Level-2 files, by their own records:"};
  std::ranges::move(common_settings(settings), std::back_inserter(lines));
  return lines;
}

SelectionReport selection_report(const std::vector<SurveyedObservation>& survey) {
  SelectionReport report;
  for (const SurveyedObservation& observation : survey) {
    report.observations.push_back(observation.outcome);
    report.n_scans += observation.n_scans;
    report.n_without_sigma_red += observation.n_without_sigma_red;
    for (std::size_t reason = 0; reason < kExclusions; ++reason) report.counts[reason] += observation.counts[reason];
  }
  return report;
}

}  // namespace comap
