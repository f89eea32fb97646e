#pragma once
/// \file
/// Level-2 of many observations by teams of ranks.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/communicator.hpp"
#include "level2/observation_run.hpp"

namespace comap::mpi {

/// Everything a run needs; the same on every rank but for what only rank 0 has.
struct Level2Job {
  const Config& config;
  const std::string& config_text;
  const StageList& stages;
  std::vector<Observation> observations;  ///< in the order in which they are handed out; rank 0 only
  /// Called when one of them is about to be handed out; nothing leaves it out. Must not throw. Rank 0 only.
  std::function<std::optional<ObservationJob>(const Observation&)> prepare;
  std::function<void(const std::string& path)> probe = [](const std::string&) {};  ///< Level2Tools::probe
  std::function<std::string(const std::string& path)> why_deadly = [](const std::string&) { return std::string(); };
};

/// Called on rank 0 as results come in, from its own team and others.
using OutcomeHandler = std::function<void(const ObservationOutcome&)>;

/// Divides `world` into teams, hands the jobs out and processes them. Collective over `world`, which must be an
/// MpiCommunicator. Stops handing out when a signal asks for it; observations in hand are dropped then.
/// Returns true when it was stopped so, on every rank.
bool run_level2(const Level2Job& job, const Communicator& world, const OutcomeHandler& handle);

}  // namespace comap::mpi
