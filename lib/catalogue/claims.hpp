#pragma once
/// \file
/// Which run works on which observation. Several runs on one catalogue share the work: before a run hands an
/// observation to a team it claims it here. A claim lasts for a limited time (a lease), which a living run renews.
/// Times are those of the database server where there is one, so that the clocks of hosts do not matter. In an SQLite
/// file each host writes its own: there a claim of another host is over when nobody renews it for the length of a
/// lease, by the clock of the run that watches it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/sql_connection.hpp"

namespace comap {

/// One start of the program.
struct RunIdentity {
  std::string run_id;  ///< host:pid:time and a random part
  std::string command;
  std::string host;
  std::int64_t pid = 0;
  std::string process;  ///< process_identity(pid)
  std::string job;      ///< slurm_job()
  std::string version;
  std::string config_hash;
};

/// The process that asks.
RunIdentity this_run(const std::string& command, const std::string& config_text);

/// Boot of the machine, pid namespace, pid and start of a process that runs here; empty when there is none, or the
/// system does not tell.
std::string process_identity(std::int64_t pid);

/// True when `process` ran on this boot of this machine and has ended: no need to wait for the end of its lease.
bool has_ended(const std::string& process, std::int64_t pid);

/// Cluster, number and count of restarts of the SLURM job that this process belongs to; empty outside of jobs.
std::string slurm_job();

/// True when SLURM has put `job` back into the queue since, and has started it again as `ours`: it does so only after
/// the end of the job, or when its node is lost.
bool is_earlier_start(const std::string& job, const std::string& ours);

/// A claim that another run holds.
struct ForeignClaim {
  std::int64_t obsid = 0;
  std::string run_id;
  std::string host;
  std::int64_t pid = 0;
  std::string claimed_at;  ///< UTC, ISO 8601
  std::string expires_at;
};

/// Not renewed in between.
bool is_same(const ForeignClaim& one, const ForeignClaim& other);

}  // namespace comap

namespace comap::sql {

/// A row of comap_runs; returns started_at, UTC, ISO 8601. And what came of the run at its end.
std::string begin_run(Connection& connection, const RunIdentity& run);
void end_run(Connection& connection, const std::string& run_id, std::int64_t n_done, std::int64_t n_failed,
             std::int64_t n_left);

/// Takes the observation for a run, for `lease_s` from now: free, expired, or held by a run that has ended on this
/// machine or was an earlier start of the same job; `silent`, which the caller has watched for a lease, is taken too
/// unless it was renewed. Claiming again renews. Returns nothing when it is ours now, else who has it.
std::optional<ForeignClaim> claim(Connection& connection, std::int64_t obsid, const std::string& run_id, double lease_s,
                                  const std::optional<ForeignClaim>& silent = std::nullopt);
/// Whether the run has a claim on the observation that nobody has taken over.
bool holds_claim(Connection& connection, std::int64_t obsid, const std::string& run_id);
/// Prolongs all claims of a run.
void renew_claims(Connection& connection, const std::string& run_id, double lease_s);
/// Gives back those of `obsids` that the run still has; and all.
void release_claims(Connection& connection, const std::string& run_id, const std::vector<std::int64_t>& obsids);
void release_all_claims(Connection& connection, const std::string& run_id);
/// Those of `obsids` that another living run has, as far as can be known here. In order of obsid.
std::vector<ForeignClaim> foreign_claims(Connection& connection, const std::vector<std::int64_t>& obsids,
                                         const std::string& run_id);

/// Notes that the result of an observation is of this run, and gives back its claim.
void note_result(Connection& connection, std::int64_t obsid, const std::string& run_id);

struct ResultNote {
  std::string run_id;
  std::string recorded_at;  ///< UTC, ISO 8601
  bool operator==(const ResultNote&) const = default;
};
/// Which run the result of an observation is of; nothing when it is not known.
std::optional<ResultNote> result_note(Connection& connection, std::int64_t obsid);
/// The notes of all observations that have one, by obsid.
std::map<std::int64_t, ResultNote> result_notes(Connection& connection);

}  // namespace comap::sql
