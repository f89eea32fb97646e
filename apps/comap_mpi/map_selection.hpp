#pragma once
/// \file
/// Shared by mapmake and linemap: the observations offered to a job, and what became of them.

#include <algorithm>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "map/plan/selection.hpp"

namespace comap {

/// The paths of the Level-1 or Level-2 files.
std::vector<std::string> paths_of(const std::vector<MapObservation>& offered, std::string Observation::*path);

/// The observations that [select] chooses, with its bad flags; the catalogue is only read. Rank 0 only.
std::vector<MapObservation> observations_of_catalogue(const Config& config);

/// --level2-file
void add_level2_file_option(CLI::App& app, std::vector<std::string>& files);

/// Rank 0 asks the catalogue, or looks into `level2_files` when there are any, and adds the factors of
/// [mapmake] calibration; every rank gets the answer. Collective.
std::vector<MapObservation> offered_observations(const CommandContext& context,
                                                 const std::vector<std::string>& level2_files);

/// Observations that are not used, or not whole, with the reason, or all of them; then the counts. Rank 0 only.
void print_selection(const SelectionReport& report, bool every_observation);
/// Size of the Level-2 files that were used. Rank 0 only.
std::int64_t used_level2_bytes(const SelectionReport& report, const std::vector<MapObservation>& offered);
/// How many observations there were and are used, and how many of these had which trouble: for the summary of the run.
nlohmann::ordered_json summary_of_selection(const SelectionReport& report);
/// Why there is no map or cube.
std::string why_nothing(std::size_t n_offered);
/// print_selection into the log, with what Level-2 says was wrong with each observation. Rank 0 only.
void log_selection(const SelectionReport& report);

/// The exit code of a job that made these maps or cubes, or parts of them that have no samples.
template <typename Product>
int job_exit_code(const std::vector<Product>& products, const SelectionReport& selection) {
  if (std::ranges::all_of(products, [](const Product& one) { return one.n_samples == 0; })) return kError;
  return selection.n_bad_files() > 0 ? kSomeFailed : kDone;
}

}  // namespace comap
