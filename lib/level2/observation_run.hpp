#pragma once
/// \file
/// Level-2 of one observation, from its file to the values for the catalogue.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>

#include "config/config.hpp"
#include "core/communicator.hpp"
#include "data/observation.hpp"
#include "io/hdf5/team_files.hpp"
#include "level2/feed_pass.hpp"
#include "level2/stage_clock.hpp"

namespace comap {

/// The tools of a team; the same for all observations of a run.
struct Level2Tools {
  const Config& config;
  const std::string& config_text;  ///< effective configuration, goes into the file
  const StageList& stages;
  const Communicator& team;
  const TeamFiles& files;
  /// Called on one rank before a Level-1 file is read; throws for one that no process survives reading. Not collective.
  std::function<void(const std::string& path)> probe = [](const std::string&) {};
  /// Why a Level-2 file must not be opened; empty = it may. Not collective.
  std::function<std::string(const std::string& path)> why_deadly = [](const std::string&) { return std::string(); };
  /// Called on every rank before each block of TOD; may throw to end the observation, Stopped to drop it. Not
  /// collective.
  std::function<void()> between_blocks = [] {};
};

/// One observation to do, as rank 0 hands it out.
struct ObservationJob {
  Observation observation;
  nlohmann::json snapshot;  ///< "row": columns of comap_data, "flags": rows of quality_flags, as the catalogue has them
  std::string following_level2_path;  ///< Level-2 file of obsid + 1, for a sky dip; empty = none

  static auto members(auto& x) { return std::tie(x.observation, x.snapshot, x.following_level2_path); }
};

/// The outcome of a run; the same on every rank of the team.
struct ObservationOutcome {
  enum class Status { done, up_to_date, failed, stopped };
  Status status = Status::failed;
  ObservationResult result;
  StageSeconds seconds;  ///< summed over the ranks of the team
  double wall_s = 0.0;
  std::int64_t tod_bytes = 0;     ///< TOD delivered to the stages
  std::int64_t stored_bytes = 0;  ///< read from the Level-1 file
  int team = 0;                   ///< who did it, for the log
  int rank = 0;                   ///< of the world, of the team's rank 0

  static auto members(auto& x) {
    return std::tie(x.status, x.result, x.seconds, x.wall_s, x.tod_bytes, x.stored_bytes, x.team, x.rank);
  }
};

/// Runs the pipeline. Collective over the team. Errors of the observation come back as `failed` with the reason, and
/// leave no file behind; only a Bug is thrown.
ObservationOutcome process_observation(const ObservationJob& job, const Level2Tools& tools);

}  // namespace comap
