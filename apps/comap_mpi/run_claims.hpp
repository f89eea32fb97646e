#pragma once
/// \file
/// Everything that a run holds of the catalogue while it works: its row of comap_runs and its claims on observations.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "catalogue/claims.hpp"
#include "command.hpp"

namespace comap {

/// Claims observations for this run. A thread with a connection of its own renews the claims, so that neither a long
/// block of work nor a server that is away for a while loses them; it gives all back when this object goes. Rank 0
/// only.
class RunClaims {
 public:
  /// Notes the start of the run in the catalogue. Throws CatalogueError.
  RunClaims(Catalogue& catalogue, const CommandContext& context, const std::string& command);
  ~RunClaims();
  RunClaims(const RunClaims&) = delete;
  RunClaims& operator=(const RunClaims&) = delete;

  const std::string& run_id() const { return run_.run_id; }

  /// Nothing when the observation is ours now, else who has it. Throws CatalogueError.
  std::optional<ForeignClaim> take(std::int64_t obsid);
  /// The next take(), or the end, gives it back.
  void give_back(std::int64_t obsid) { unused_.push_back(obsid); }
  /// Whether another run has recorded a result of this observation since this one started.
  bool is_done_by_other(std::int64_t obsid);

  /// Sleeps until each of `claims` has ended, has been renewed by a run that is alive, or has not been renewed for a
  /// lease, by the clock of this process. Returns the observations that are free now. Throws CatalogueError.
  std::vector<std::int64_t> wait_for_end_or_sign_of_life(std::vector<ForeignClaim> claims,
                                                         const std::function<bool()>& stop);

  /// The outcome of the run, for comap_runs; written with the last claims.
  void finish(std::int64_t n_done, std::int64_t n_failed, std::int64_t n_left);

 private:
  enum class Duty { renew, give_back, end };
  Duty wait_for_duty();
  /// A claim of another run, and since when it has been as it is.
  struct Sighting {
    ForeignClaim claim;
    std::chrono::steady_clock::time_point since;
  };

  void keep_alive();
  /// True when it has not been renewed for a lease.
  bool sees_silent(const ForeignClaim& claim);

  Catalogue& catalogue_;
  RunIdentity run_;
  CatalogueConfig keeper_config_;
  double lease_s_;
  std::map<std::int64_t, sql::ResultNote> results_before_;  ///< this run, by obsid
  std::vector<std::int64_t> unused_;
  std::map<std::int64_t, Sighting> seen_;                                     ///< by obsid
  std::function<void(sql::Connection&)> note_end_ = [](sql::Connection&) {};  ///< run by the thread as its last act
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread keeper_;
};

}  // namespace comap
