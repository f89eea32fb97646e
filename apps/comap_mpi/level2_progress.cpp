#include "level2_progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "core/log.hpp"

namespace comap {
namespace {

constexpr double kMegabyte = 1e6;
constexpr int kBarWidth = 30;

}  // namespace

Level2Progress::Level2Progress(std::int64_t n_observations, bool show_bar)
    : n_total_(n_observations), show_bar_(show_bar && ::isatty(STDERR_FILENO) != 0) {}

double Level2Progress::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::string Level2Progress::status_line() const {
  const std::int64_t n_finished = n_total_ - n_left();
  const double left_s =
      n_finished > 0 ? elapsed_s() / static_cast<double>(n_finished) * static_cast<double>(n_left()) : 0.0;
  return fmt::format("{}/{} observations, {} failed, {:.0f} MB/s of TOD, {:.0f} s left", n_finished, n_total_,
                     n_failed(), static_cast<double>(tod_bytes_) / kMegabyte / elapsed_s(), left_s);
}

void Level2Progress::add(const ObservationOutcome& outcome) {
  const std::int64_t obsid = outcome.result.obsid;
  for (const auto& [stage, spent_s] : outcome.seconds) {
    const ScopedLogContext stage_context({outcome.rank, outcome.team, obsid, stage});
    log_info("{:.3f} s", spent_s);
  }
  const ScopedLogContext context({outcome.rank, outcome.team, obsid, ""});
  std::set<TroubleKind> kinds;
  for (const Trouble& trouble : outcome.result.troubles) {
    log_warning("{}", describe(trouble));
    kinds.insert(trouble.kind);
  }
  for (const TroubleKind kind : kinds) ++n_with_trouble_[kind];
  switch (outcome.status) {
    case ObservationOutcome::Status::done:
      ++n_done_;
      log_info("done in {:.2f} s, {:.0f} MB of TOD: {}", outcome.wall_s,
               static_cast<double>(outcome.tod_bytes) / kMegabyte, outcome.result.level2_path);
      break;
    case ObservationOutcome::Status::up_to_date:
      ++n_up_to_date_;
      log_info("up to date: {}", outcome.result.level2_path);
      break;
    case ObservationOutcome::Status::failed:
      failures_.emplace_back(obsid, outcome.result.error);
      log_error("failed: {}", outcome.result.error);
      break;
    case ObservationOutcome::Status::stopped:
      log_warning("not done: stopped by a signal");
      break;
  }
  tod_bytes_ += outcome.tod_bytes;
  stored_bytes_ += outcome.stored_bytes;
  for (const auto& [stage, spent_s] : outcome.seconds) seconds_[stage] += spent_s;
  show_status();
}

void Level2Progress::leave(std::int64_t obsid, const std::string& reason) {
  const ScopedLogContext context({-1, -1, obsid, ""});
  log_warning("left: {}", reason);
  left_.emplace_back(obsid, reason);
}

void Level2Progress::show_status() const {
  if (!show_bar_) {
    const ScopedLogContext context({});
    log_info("{}", status_line());
    return;
  }
  const std::size_t filled = kBarWidth * (n_total_ - n_left()) / std::max<std::int64_t>(n_total_, 1);
  fmt::print(stderr, "\r[{}{}] {}\033[K{}", std::string(filled, '#'), std::string(kBarWidth - filled, ' '),
             status_line(), n_left() == 0 ? "\n" : "");
}

std::string Level2Progress::table() const {
  const double seconds = elapsed_s();
  std::string text = fmt::format("{:<24}{:>12}\n", "level2", "");
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<22}{:>12}\n", name, value);
  };
  row("observations", std::to_string(n_total_));
  row("done", std::to_string(n_done_));
  row("up to date", std::to_string(n_up_to_date_));
  row("failed", std::to_string(n_failed()));
  if (n_left() > 0) row("left", std::to_string(n_left()));
  row("TOD", fmt::format("{:.1f} MB", static_cast<double>(tod_bytes_) / kMegabyte));
  row("read", fmt::format("{:.1f} MB", static_cast<double>(stored_bytes_) / kMegabyte));
  row("time", fmt::format("{:.2f} s", seconds));
  row("rate", fmt::format("{:.0f} MB/s", static_cast<double>(tod_bytes_) / kMegabyte / seconds));
  text += "  rank-seconds by stage\n";
  for (const auto& [stage, spent_s] : seconds_) row("  " + stage, fmt::format("{:.2f} s", spent_s));
  if (!n_with_trouble_.empty()) text += "  observations with trouble (docs/spoilt-files.md)\n";
  for (const auto& [kind, n] : n_with_trouble_) row(fmt::format("  {}", trouble_text(kind)), std::to_string(n));
  for (const auto& [obsid, reason] : failures_) text += fmt::format("  failed {}: {}\n", obsid, reason);
  for (const auto& [obsid, reason] : left_) text += fmt::format("  left {}: {}\n", obsid, reason);
  return text;
}

nlohmann::ordered_json Level2Progress::json() const {
  nlohmann::ordered_json summary = {
      {"observations", n_total_},    {"done", n_done_},        {"up_to_date", n_up_to_date_},
      {"failed", n_failed()},        {"left", n_left()},       {"tod_bytes", tod_bytes_},
      {"read_bytes", stored_bytes_}, {"seconds", elapsed_s()}, {"stage_rank_seconds", seconds_}};
  const auto listed = [](const std::vector<std::pair<std::int64_t, std::string>>& entries) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& [obsid, reason] : entries) list.push_back({{"obsid", obsid}, {"reason", reason}});
    return list;
  };
  auto troubles = nlohmann::ordered_json::object();
  for (const auto& [kind, n] : n_with_trouble_) troubles[std::string(trouble_text(kind))] = n;
  summary["observations_with_trouble"] = std::move(troubles);
  summary["failures"] = listed(failures_);
  summary["left_to_others"] = listed(left_);
  return summary;
}

}  // namespace comap
