#include "catalogue/claims.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/version.hpp"

namespace comap {

namespace {

constexpr int kStartTimeField = 22;  // of /proc/PID/stat, counted from 1

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Boot and pid namespace: where a pid means what it means here. Empty when the system does not tell.
std::string place() {
  std::error_code error;
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  const std::string pids = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
  return boot.empty() || pids.empty() ? "" : fmt::format("{} {} ", boot, pids);
}

/// Clock ticks from boot to the start of a process; empty when it cannot be seen.
std::string start_of(std::int64_t pid) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", pid));
  const auto end_of_name = line.rfind(')');  // the name may hold blanks and brackets
  if (end_of_name == std::string::npos) return "";
  std::istringstream fields(line.substr(end_of_name + 1));
  std::string field;
  for (int number = 3; number <= kStartTimeField; ++number) fields >> field;
  return field;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// FNV-1a of 64 bits: tells configurations apart.
std::string hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::string process_identity(std::int64_t pid) {
  const std::string where = place(), start = start_of(pid);
  return where.empty() || start.empty() ? "" : fmt::format("{}{} {}", where, pid, start);
}

bool has_ended(const std::string& process, std::int64_t pid) {
  const std::string here = place();
  if (here.empty() || pid <= 0 || !process.starts_with(here)) return false;
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return true;
  const std::string now = process_identity(pid);
  return !now.empty() && now != process;
}

std::string slurm_job() {
  const auto variable = [](const char* name, const char* otherwise) {
    const char* text = std::getenv(name);
    return std::string(text != nullptr && *text != '\0' ? text : otherwise);
  };
  const std::string number = variable("SLURM_JOB_ID", "");
  if (number.empty()) return "";
  return fmt::format("{} {} {}", variable("SLURM_CLUSTER_NAME", "slurm"), number, variable("SLURM_RESTART_COUNT", "0"));
}

bool is_earlier_start(const std::string& job, const std::string& ours) {
  const auto restarts = ours.rfind(' ');
  if (restarts == std::string::npos || job.rfind(' ') != restarts || !job.starts_with(ours.substr(0, restarts + 1))) {
    return false;
  }
  return std::atol(job.c_str() + restarts) < std::atol(ours.c_str() + restarts);
}

bool is_same(const ForeignClaim& one, const ForeignClaim& other) {
  return one.obsid == other.obsid && one.run_id == other.run_id && one.expires_at == other.expires_at;
}

RunIdentity this_run(const std::string& command, const std::string& config_text) {
  RunIdentity run;
  run.command = command;
  run.host = host_name();
  run.pid = ::getpid();
  run.process = process_identity(run.pid);
  run.job = slurm_job();
  run.version = fmt::format("{} ({})", software_version(), git_commit());
  run.config_hash = hash_of(config_text);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  run.run_id =
      fmt::format("{}:{}:{:%Y%m%dT%H%M%SZ}:{:08x}", run.host, run.pid, fmt::gmtime(now), std::random_device{}());
  return run;
}

}  // namespace comap

namespace comap::sql {

namespace {

constexpr auto kLargestClockError = "'-1 day'";  // of a host; as an interval of SQLite

/// The time of the database, plus an interval that is a parameter like '600.0 seconds'. UTC texts, which sort as times.
std::string time_text(const Connection& connection, const std::string& interval) {
  if (connection.dialect() == Dialect::sqlite)
    return fmt::format("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', {})", interval);
  return fmt::format(
      "to_char(timezone('UTC', clock_timestamp()) + CAST({} AS INTERVAL), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
      interval);
}

std::string now_text(const Connection& connection) { return time_text(connection, "'0 seconds'"); }

std::string interval_of(double seconds) { return fmt::format("{:.3f} seconds", seconds); }

/// A claim that ends before this has expired. The claims in an SQLite file have the times of the hosts that made them:
/// those of other hosts have expired only when no error of a clock can explain it.
std::string end_of_validity(const Connection& connection) {
  if (connection.dialect() != Dialect::sqlite) return now_text(connection);
  return fmt::format("CASE WHEN r.host = us.host THEN {} ELSE {} END", now_text(connection),
                     time_text(connection, kLargestClockError));
}

struct FoundClaim {
  ForeignClaim claim;
  bool is_over = false;  ///< expired, or of a run that has ended on this machine, or was an earlier start of our job
};

/// Claims of other runs than `$1` that meet a condition.
std::vector<FoundClaim> find_claims(Connection& connection, const std::string& condition, const Values& parameters) {
  const Result found = connection.query(
      fmt::format("SELECT c.obsid, c.run_id, COALESCE(r.host, c.run_id), COALESCE(r.pid, 0), c.claimed_at, "
                  "c.expires_at, COALESCE(r.process, ''), CASE WHEN c.expires_at < {} THEN 1 ELSE 0 END, "
                  "COALESCE(r.job, ''), COALESCE(us.job, '') "
                  "FROM {} c LEFT JOIN {} r ON r.run_id = c.run_id LEFT JOIN {} us ON us.run_id = $1 "
                  "WHERE c.run_id <> $1 AND {} ORDER BY c.obsid",
                  end_of_validity(connection), kClaims, kRuns, kRuns, condition),
      parameters);
  std::vector<FoundClaim> claims;
  for (const Values& row : found.rows) {
    const ForeignClaim claim = {integer_of(row[0]), text_of(row[1]), text_of(row[2]),
                                integer_of(row[3]), text_of(row[4]), text_of(row[5])};
    claims.push_back({claim, integer_of(row[7]) != 0 || has_ended(text_of(row[6]), claim.pid) ||
                                 is_earlier_start(text_of(row[8]), text_of(row[9]))});
  }
  return claims;
}

}  // namespace

std::string begin_run(Connection& connection, const RunIdentity& run) {
  connection.execute(fmt::format("INSERT INTO {} (run_id, command, host, pid, process, job, version, config_hash, "
                                 "started_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {}) ON CONFLICT DO NOTHING",
                                 kRuns, now_text(connection)),
                     {run.run_id, run.command, run.host, run.pid, run.process, run.job, run.version, run.config_hash});
  const Result row = connection.query(fmt::format("SELECT started_at FROM {} WHERE run_id = $1", kRuns), {run.run_id});
  return text_of(row.rows.at(0)[0]);
}

void end_run(Connection& connection, const std::string& run_id, std::int64_t n_done, std::int64_t n_failed,
             std::int64_t n_left) {
  connection.execute(
      fmt::format("UPDATE {} SET ended_at = {}, n_done = $2, n_failed = $3, n_left = $4 WHERE run_id = $1", kRuns,
                  now_text(connection)),
      {run_id, n_done, n_failed, n_left});
}

std::optional<ForeignClaim> claim(Connection& connection, std::int64_t obsid, const std::string& run_id, double lease_s,
                                  const std::optional<ForeignClaim>& silent) {
  const auto holders = find_claims(connection, "c.obsid = $2", {run_id, obsid});
  const FoundClaim before = holders.empty() ? FoundClaim() : holders.front();
  if (!holders.empty() && !before.is_over && !(silent && is_same(*silent, before.claim))) return before.claim;
  // Another run may be quicker from here on, so that the statement looks again.
  const std::int64_t n_changed = connection.execute(
      fmt::format("INSERT INTO {0} (obsid, run_id, claimed_at, expires_at) VALUES ($1, $2, {1}, {2}) "
                  "ON CONFLICT (obsid) DO UPDATE SET run_id = excluded.run_id, claimed_at = excluded.claimed_at, "
                  "expires_at = excluded.expires_at WHERE {0}.run_id = $2 OR ({0}.run_id = $4 AND {0}.expires_at = $5)",
                  kClaims, now_text(connection), time_text(connection, "$3")),
      {obsid, run_id, interval_of(lease_s), before.claim.run_id, before.claim.expires_at});
  if (n_changed > 0) return std::nullopt;
  const auto quicker = find_claims(connection, "c.obsid = $2", {run_id, obsid});
  if (!quicker.empty()) return quicker.front().claim;
  throw ConnectionLost(fmt::format("catalogue {}: a claim on observation {} came and went; looking again",
                                   connection.description(), obsid));
}

bool holds_claim(Connection& connection, std::int64_t obsid, const std::string& run_id) {
  const Result found =
      connection.query(fmt::format("SELECT obsid FROM {} WHERE obsid = $1 AND run_id = $2", kClaims), {obsid, run_id});
  return !found.rows.empty();
}

void renew_claims(Connection& connection, const std::string& run_id, double lease_s) {
  connection.execute(
      fmt::format("UPDATE {} SET expires_at = {} WHERE run_id = $1", kClaims, time_text(connection, "$2")),
      {run_id, interval_of(lease_s)});
}

void release_claims(Connection& connection, const std::string& run_id, const std::vector<std::int64_t>& obsids) {
  for (const std::int64_t obsid : obsids) {
    connection.execute(fmt::format("DELETE FROM {} WHERE run_id = $1 AND obsid = $2", kClaims), {run_id, obsid});
  }
}

void release_all_claims(Connection& connection, const std::string& run_id) {
  connection.execute(fmt::format("DELETE FROM {} WHERE run_id = $1", kClaims), {run_id});
}

std::vector<ForeignClaim> foreign_claims(Connection& connection, const std::vector<std::int64_t>& obsids,
                                         const std::string& run_id) {
  std::vector<ForeignClaim> claims;
  const std::string condition = fmt::format("c.obsid IN (SELECT obsid FROM {})", fill_obsids(connection, obsids));
  for (FoundClaim& found : find_claims(connection, condition, {run_id})) {
    if (!found.is_over) claims.push_back(std::move(found.claim));
  }
  return claims;
}

void note_result(Connection& connection, std::int64_t obsid, const std::string& run_id) {
  connection.execute(
      fmt::format("INSERT INTO {0} (obsid, run_id, recorded_at) VALUES ($1, $2, {1}) ON CONFLICT (obsid) DO UPDATE "
                  "SET run_id = excluded.run_id, recorded_at = excluded.recorded_at",
                  kResults, now_text(connection)),
      {obsid, run_id});
  release_claims(connection, run_id, {obsid});
}

std::optional<ResultNote> result_note(Connection& connection, std::int64_t obsid) {
  const Result found =
      connection.query(fmt::format("SELECT run_id, recorded_at FROM {} WHERE obsid = $1", kResults), {obsid});
  if (found.rows.empty()) return std::nullopt;
  return ResultNote{text_of(found.rows[0][0]), text_of(found.rows[0][1])};
}

std::map<std::int64_t, ResultNote> result_notes(Connection& connection) {
  std::map<std::int64_t, ResultNote> notes;
  connection.stream(fmt::format("SELECT obsid, run_id, recorded_at FROM {}", kResults), [&](const Values& row) {
    notes[integer_of(row[0])] = {text_of(row[1]), text_of(row[2])};
  });
  return notes;
}

}  // namespace comap::sql
