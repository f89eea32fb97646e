#pragma once
/// \file
/// Level-2 of many observations by teams of ranks.

#include <functional>
#include <string>
#include <vector>

#include "core/communicator.hpp"
#include "level2/observation_run.hpp"

namespace comap::mpi {

/// What a run needs; the same on every rank but for what only rank 0 has.
struct Level2Job {
  const Config& config;
  const std::string& config_text;
  const StageList& stages;
  std::vector<Observation> observations;  ///< in the order in which they are handed out; rank 0 only
  /// What the catalogue knows of one of them (ObservationJob::snapshot); rank 0 only.
  std::function<nlohmann::json(const Observation&)> snapshot;
  /// Level-2 file of the observation after a sky dip (ObservationJob::following_level2_path); rank 0 only.
  std::function<std::string(const Observation&)> following_level2_path;
};

/// Called on rank 0 as results come in, from its own team and others.
using OutcomeHandler = std::function<void(const ObservationOutcome&)>;

/// Divides `world` into teams, hands the jobs out and processes them. Collective over `world`, which must be an
/// MpiCommunicator. Stops handing out when a signal asks for it; observations in hand are dropped then.
/// Returns true when it was stopped so, on every rank.
bool run_level2(const Level2Job& job, const Communicator& world, const OutcomeHandler& handle);

}  // namespace comap::mpi
