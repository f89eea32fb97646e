#pragma once
/// \file
/// Hands an observation to a team: it is claimed, looked up again, and given what the catalogue knows.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "level2/observation_run.hpp"
#include "mpi/level2_job.hpp"
#include "run_claims.hpp"

namespace comap {

/// Rank 0 only.
class Level2Handout {
 public:
  /// `handle` gets what another run has done since this one started, as up to date.
  Level2Handout(Catalogue& catalogue, RunClaims& claims, const Level2Config& config, mpi::OutcomeHandler handle)
      : catalogue_(catalogue), claims_(claims), config_(config), handle_(std::move(handle)) {}

  /// Nothing when another run has the observation, or has just done it, or the catalogue is gone.
  std::optional<ObservationJob> prepare(Observation observation);
  /// No observation is handed out after this.
  void stop(const std::string& reason);
  bool is_stopped() const { return !stop_reason_.empty(); }

  /// The observations that others had and that are free now. Those that a living run works on stay with it. Waits for
  /// a sign of life of each, so that the observations of a run that was killed are not forgotten.
  std::vector<Observation> freed(const std::function<bool()>& stop);
  /// Observations that nobody has given back, with reasons.
  std::vector<std::pair<std::int64_t, std::string>> left() const;

 private:
  std::optional<ObservationJob> prepare_claimed(Observation& observation);
  bool was_just_done(const Observation& observation, const nlohmann::json& snapshot);

  struct Held {
    Observation observation;
    ForeignClaim claim;
  };
  Catalogue& catalogue_;
  RunClaims& claims_;
  const Level2Config& config_;
  mpi::OutcomeHandler handle_;
  std::vector<Held> held_;  ///< by other runs
  std::string stop_reason_;
};

}  // namespace comap
