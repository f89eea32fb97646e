#pragma once
/// \file
/// What mapmake and linemap share: the observations offered to a job, and what became of them.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// Rank 0 asks the catalogue, or looks into `level2_files` when there are any, and adds the factors of
/// [mapmake] calibration; every rank gets the answer. Collective.
std::vector<MapObservation> offered_observations(const CommandContext& context,
                                                 const std::vector<std::string>& level2_files);

/// Observations that are not used, or not whole, with the reason, or all of them; then the counts. Rank 0 only.
void print_selection(const SelectionReport& report, bool every_observation);
/// Size of the Level-2 files that were used. Rank 0 only.
std::int64_t used_level2_bytes(const SelectionReport& report, const std::vector<MapObservation>& offered);
/// How many of the observations that are used had which trouble, by kind, for the summary of the run.
nlohmann::ordered_json observations_with_trouble(const SelectionReport& report);
/// print_selection into the log, with what Level-2 says was wrong with each observation. Rank 0 only.
void log_selection(const SelectionReport& report);

}  // namespace comap
