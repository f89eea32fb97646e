#include "run_claims.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/stopping.hpp"

namespace comap {
namespace {

constexpr double kSecondsPerMinute = 60.0;
constexpr double kRenewalsPerLease = 6.0;
constexpr double kLooksPerLease = 60.0;
constexpr auto kLookForSignal = std::chrono::milliseconds(50);  // Open MPI 5 kills after 250

std::chrono::duration<double> part_of(double lease_s, double parts) {
  return std::chrono::duration<double>(lease_s / parts);
}

}  // namespace

RunClaims::RunClaims(Catalogue& catalogue, const CommandContext& context, const std::string& command)
    : catalogue_(catalogue),
      run_(this_run(command, context.config_text)),
      keeper_config_(context.config.catalogue),
      lease_s_(context.config.catalogue.claim_minutes * kSecondsPerMinute) {
  keeper_config_.connect_retries = 0;  // the next renewal is the next try
  catalogue_.change([&](sql::Connection& connection) {
    sql::begin_run(connection, run_);
    results_before_ = sql::result_notes(connection);
  });
  keeper_ = std::thread([this] { keep_alive(); });
}

RunClaims::~RunClaims() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  keeper_.join();
}

std::optional<ForeignClaim> RunClaims::take(std::int64_t obsid) {
  const auto seen = seen_.find(obsid);
  std::optional<ForeignClaim> silent;
  if (seen != seen_.end() && sees_silent(ForeignClaim(seen->second.claim))) silent = seen->second.claim;
  std::optional<ForeignClaim> holder;
  catalogue_.change([&](sql::Connection& connection) {
    sql::release_claims(connection, run_.run_id, unused_);
    holder = sql::claim(connection, obsid, run_.run_id, lease_s_, silent);
  });
  unused_.clear();
  if (holder) sees_silent(*holder);
  return holder;
}

bool RunClaims::sees_silent(const ForeignClaim& claim) {
  const auto now = std::chrono::steady_clock::now();
  const auto [seen, is_first] = seen_.try_emplace(claim.obsid, Sighting{claim, now});
  if (!is_same(seen->second.claim, claim)) seen->second = {claim, now};
  return now - seen->second.since >= std::chrono::duration<double>(lease_s_);
}

bool RunClaims::is_done_by_other(std::int64_t obsid) {
  std::optional<sql::ResultNote> note;
  catalogue_.read([&](sql::Connection& connection) { note = sql::result_note(connection, obsid); });
  // Not by time: the clocks of hosts differ.
  const auto before = results_before_.find(obsid);
  return note && note->run_id != run_.run_id && (before == results_before_.end() || before->second != *note);
}

std::vector<std::int64_t> RunClaims::wait_for_end_or_sign_of_life(std::vector<ForeignClaim> claims,
                                                                  const std::function<bool()>& stop) {
  std::vector<std::int64_t> free;
  for (bool is_first_look = true; !claims.empty() && !stop(); is_first_look = false) {
    std::vector<std::int64_t> obsids;
    for (const ForeignClaim& claim : claims) obsids.push_back(claim.obsid);
    std::map<std::int64_t, ForeignClaim> held;
    catalogue_.read([&](sql::Connection& connection) {
      held.clear();
      for (const ForeignClaim& claim : sql::foreign_claims(connection, obsids, run_.run_id)) held[claim.obsid] = claim;
    });
    std::erase_if(claims, [&](ForeignClaim& claim) {
      const auto now = held.find(claim.obsid);
      const bool is_free = now == held.end() || sees_silent(now->second);
      if (is_free) free.push_back(claim.obsid);
      // A claim renewed before the first look may have been silent ever since.
      const bool is_renewed = !is_free && !is_first_look && !is_same(now->second, claim);
      if (!is_free) claim = now->second;
      return is_free || is_renewed;
    });
    if (!claims.empty() && !pause_for(lease_s_ / kLooksPerLease)) break;
  }
  return free;
}

void RunClaims::finish(std::int64_t n_done, std::int64_t n_failed, std::int64_t n_left) {
  note_end_ = [=, this](sql::Connection& connection) {
    sql::end_run(connection, run_.run_id, n_done, n_failed, n_left);
  };
}

/// The duty that comes up in the time between two looks. After a signal to stop the claims go at once, and again where
/// others were taken since: mpirun leaves its ranks a second or less, which may not be enough to come to an end.
RunClaims::Duty RunClaims::wait_for_duty() {
  using Time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::duration<double>>;
  const Time renewal = std::chrono::steady_clock::now() + part_of(lease_s_, kRenewalsPerLease);
  std::unique_lock lock(mutex_);
  while (std::chrono::steady_clock::now() < renewal) {
    const Time look = std::min<Time>(renewal, std::chrono::steady_clock::now() + kLookForSignal);
    if (wake_.wait_until(lock, look, [this] { return ends_; })) return Duty::end;
    if (is_asked_to_stop()) return Duty::give_back;
  }
  return Duty::renew;
}

void RunClaims::keep_alive() {
  std::unique_ptr<Catalogue> keeper;
  for (bool ends = false; !ends;) {
    const Duty duty = wait_for_duty();
    ends = duty == Duty::end;
    try {
      if (!keeper) keeper = std::make_unique<Catalogue>(keeper_config_);
      keeper->change([&](sql::Connection& connection) {
        if (duty == Duty::renew) return sql::renew_claims(connection, run_.run_id, lease_s_);
        sql::release_all_claims(connection, run_.run_id);
        if (ends) note_end_(connection);
      });
    } catch (const std::exception& error) {
      log_warning("{}; the claims of this run are not {}", error.what(),
                  ends ? "given back: they expire" : "renewed yet");
    }
  }
}

}  // namespace comap
