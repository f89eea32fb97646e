#pragma once
/// \file
/// Makes simulated observations, several at once when there are several ranks.

#include <cstdint>
#include <string>
#include <vector>

#include "core/communicator.hpp"
#include "simulate/observation_plan.hpp"

namespace comap::simulate {

/// Where an observation goes.
struct ObservationFiles {
  std::string level1;
  std::string truth;
};
ObservationFiles observation_files(const SimulateConfig& config, const ObservationPlan& plan);

/// Both files are there, and the truth names the same settings.
bool is_up_to_date(const SimulateConfig& config, const ObservationPlan& plan);

/// Writes one observation and its truth beside their final names, then renames: a file under its final name is
/// complete, and a truth file means that its Level-1 file is there. One block of TOD, at most one chunk or 32 MB, and
/// the series of one feed are in memory. False, with a warning, when another run has made them meanwhile: its files
/// stay. Throws IoError.
bool simulate_observation(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan);

/// The files made by all ranks.
struct SimulateSummary {
  std::int64_t n_written = 0;
  std::int64_t n_kept = 0;  ///< were there already, made with the same settings, or were made by another run meanwhile
  std::int64_t n_failed = 0;  ///< reasons are in the log
  double written_MB = 0.0;    ///< of TOD before compression
  double slowest_rank_s = 0.0;
};

/// Observation i is made by rank i modulo the number of ranks; the files do not depend on that. An observation that
/// fails is logged and counted, the others go on. Collective. Throws ConfigError before anything is written.
SimulateSummary simulate_observations(const SimulateConfig& config, const Observer& observer,
                                      const Communicator& world);

}  // namespace comap::simulate
