#pragma once
/// \file
/// The display of a level2 run while it goes and at its end.

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "level2/observation_run.hpp"

namespace comap {

/// Counts outcomes, shows progress (a bar with rate and time left on a terminal, plain lines otherwise), and makes the
/// summary. Rank 0 only.
class Level2Progress {
 public:
  Level2Progress(std::int64_t n_observations, bool show_bar);
  void add(const ObservationOutcome& outcome);
  /// An observation that is left to others, with the reason.
  void leave(std::int64_t obsid, const std::string& reason);

  std::int64_t n_failed() const { return static_cast<std::int64_t>(failures_.size()); }
  std::int64_t n_done() const { return n_done_; }
  std::int64_t n_left() const { return n_total_ - n_done_ - n_up_to_date_ - n_failed(); }
  /// Table: done, up to date, failed with reasons, data read, rate, time of each stage.
  std::string table() const;
  /// The same as JSON.
  nlohmann::ordered_json json() const;
  std::int64_t tod_bytes() const { return tod_bytes_; }

 private:
  double elapsed_s() const;
  std::string status_line() const;
  void show_status() const;

  std::int64_t n_total_;
  bool show_bar_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t n_done_ = 0;
  std::int64_t n_up_to_date_ = 0;
  std::int64_t tod_bytes_ = 0;
  std::int64_t stored_bytes_ = 0;
  StageSeconds seconds_;
  std::map<TroubleKind, std::int64_t> n_with_trouble_;          ///< observations
  std::vector<std::pair<std::int64_t, std::string>> failures_;  ///< obsid, reason
  std::vector<std::pair<std::int64_t, std::string>> left_;      ///< obsid, reason
};

}  // namespace comap
