#include "level2_handout.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/error.hpp"
#include "core/log.hpp"
#include "level2/catalogue_snapshot.hpp"
#include "level2/level2_place.hpp"

namespace comap {
namespace {

std::string text_in(const Row& row, const std::string& column) {
  const auto found = row.find(column);
  const auto* text = found == row.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

}  // namespace

std::optional<ObservationJob> Level2Handout::prepare(Observation observation) {
  if (is_stopped()) return std::nullopt;
  try {
    const auto holder = claims_.take(observation.obsid);
    if (!holder) return prepare_claimed(observation);
    log_info("observation {} is left for now: claimed by {}:{} since {}", observation.obsid, holder->host, holder->pid,
             holder->claimed_at);
    held_.push_back({observation, *holder});
  } catch (const CatalogueError& error) {
    stop(error.what());
  }
  return std::nullopt;
}

std::optional<ObservationJob> Level2Handout::prepare_claimed(Observation& observation) {
  // The selection is as old as this run: another one may have been here since.
  const auto row = catalogue_.row(observation.obsid);
  const std::vector<Row> summaries = catalogue_.rows_of("observation_summary", observation.obsid);
  const bool is_complete = !summaries.empty() && text_in(summaries.front(), "processing_status") == "complete";
  // A file that is up to date but not known as complete is recorded again.
  observation.level2_path = row && is_complete ? text_in(*row, "level2_path") : "";
  const nlohmann::json snapshot = catalogue_snapshot(catalogue_, observation.obsid);
  if (config_.overwrite && was_just_done(observation, snapshot)) {
    claims_.give_back(observation.obsid);
    ObservationOutcome outcome;
    outcome.status = ObservationOutcome::Status::up_to_date;
    outcome.result.obsid = observation.obsid;
    outcome.result.level2_path = observation.level2_path;
    handle_(outcome);
    return std::nullopt;
  }
  return ObservationJob{observation, snapshot, following_level2_path(catalogue_, observation)};
}

bool Level2Handout::was_just_done(const Observation& observation, const nlohmann::json& snapshot) {
  if (!claims_.is_done_by_other(observation.obsid)) return false;
  // The other run has just made it: nothing to fear.
  const auto harmless = [](const std::string&) { return std::string(); };
  try {
    const std::string place = level2_place(config_, observation, snapshot, harmless).path;
    return std::filesystem::absolute(place).lexically_normal() == observation.level2_path;
  } catch (const Error&) {
    return false;  // whoever works on it says what is wrong
  }
}

void Level2Handout::stop(const std::string& reason) {
  if (is_stopped()) return;
  log_error("{}; no more observations are handed out", reason);
  stop_reason_ = reason;
}

std::vector<Observation> Level2Handout::freed(const std::function<bool()>& stop_now) {
  std::vector<Observation> free;
  if (held_.empty() || is_stopped()) return free;
  log_info("{} observations are claimed by other runs: waiting for their end or a sign of life", held_.size());
  try {
    std::vector<ForeignClaim> claims;
    for (const Held& held : held_) claims.push_back(held.claim);
    const std::vector<std::int64_t> obsids = claims_.wait_for_end_or_sign_of_life(claims, stop_now);
    const std::set<std::int64_t> set(obsids.begin(), obsids.end());
    std::erase_if(held_, [&](const Held& held) {
      const bool is_free = set.contains(held.observation.obsid);
      if (is_free) free.push_back(held.observation);
      return is_free;
    });
  } catch (const CatalogueError& error) {
    stop(error.what());
  }
  return free;
}

std::vector<std::pair<std::int64_t, std::string>> Level2Handout::left() const {
  std::vector<std::pair<std::int64_t, std::string>> left;
  for (const Held& held : held_) {
    left.emplace_back(held.observation.obsid,
                      fmt::format("claimed by {}:{} since {}", held.claim.host, held.claim.pid, held.claim.claimed_at));
  }
  return left;
}

}  // namespace comap
