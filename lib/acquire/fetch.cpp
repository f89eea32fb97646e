#include "acquire/fetch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <list>
#include <memory>
#include <thread>
#include <utility>

#include "core/child_process.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRest = std::chrono::milliseconds(20);
constexpr auto kLookInterval = std::chrono::milliseconds(500);
constexpr auto kProgressInterval = std::chrono::seconds(60);
constexpr double kMaxPause_s = 600.0;
constexpr double kBytesPerMB = 1e6;

/// An rsync daemon (`host::module/` or `rsync://`) is reached without a remote shell.
bool is_daemon(const std::string& remote) {
  return remote.starts_with("rsync://") || remote.find("::") != std::string::npos;
}

struct Job {
  ListedFile file;
  int n_tries = 0;
  Clock::time_point not_before{};
  Clock::time_point start{};
  std::unique_ptr<ChildProcess> rsync;  ///< while it runs
  std::uintmax_t n_bytes = 0;           ///< that have moved, when last looked at
  Clock::time_point last_sign{};        ///< of a moving byte
  bool was_silent = false;
};

class FetchRun {
 public:
  FetchRun(const AcquireConfig& config, const Landing& landing, const std::vector<ListedFile>& files,
           const std::function<void(const FetchOutcome&)>& arrived)
      : config_(config), landing_(landing), arrived_(arrived), n_files_(files.size()) {
    for (const ListedFile& file : files) waiting_.emplace_back().file = file;
  }

  std::int64_t run(const std::function<bool()>& stop_requested) {
    while (!waiting_.empty() || !running_.empty()) {
      if (stop_requested()) return stop();
      start_what_can();
      collect();
      show_progress();
      std::this_thread::sleep_for(kRest);
    }
    return 0;
  }

 private:
  /// All are asked before the first is waited for.
  std::int64_t stop() {
    for (const Job& job : running_) job.rsync->ask_to_stop();
    const std::size_t n_left = waiting_.size() + running_.size();
    running_.clear();
    return static_cast<std::int64_t>(n_left);
  }

  void start_what_can() {
    for (auto job = waiting_.begin(); job != waiting_.end();) {
      if (running_.size() >= static_cast<std::size_t>(config_.n_rsyncs)) return;
      const auto next = std::next(job);
      if (job->not_before <= Clock::now()) {
        running_.splice(running_.end(), waiting_, job);
        start(std::prev(running_.end()));
      }
      job = next;
    }
  }

  void start(std::list<Job>::iterator job) {
    ++job->n_tries;
    job->start = Clock::now();
    if (job->n_tries == 1) log_info("obsid {}: fetching {}", job->file.obsid, job->file.path);
    std::string target;
    try {
      target = landing_.prepare(job->file).string();
    } catch (const std::exception& error) {
      return finish(job, error.what());
    }
    job->rsync = std::make_unique<ChildProcess>(rsync_arguments(config_, job->file, target), landing_.lock());
    job->last_sign = job->start;
    job->was_silent = false;
  }

  /// rsync's own --timeout does not see a connection that takes bytes and brings none. Signs of life are the growing
  /// file, and what rsync reads of the part that is there before it asks for the rest.
  void stop_if_silent(Job& job) const {
    const std::uintmax_t n_bytes = landing_.bytes_so_far(job.file) + job.rsync->bytes_read();
    if (std::exchange(job.n_bytes, n_bytes) != n_bytes) job.last_sign = Clock::now();
    if (Clock::now() - job.last_sign < std::chrono::seconds(config_.timeout_s)) return;
    job.was_silent = true;
    job.rsync->stop();
  }

  void collect() {
    const bool is_time_to_look = Clock::now() >= next_look_;
    if (is_time_to_look) next_look_ = Clock::now() + kLookInterval;
    for (auto job = running_.begin(); job != running_.end();) {
      const auto next = std::next(job);
      if (is_time_to_look && !job->rsync->has_ended()) stop_if_silent(*job);
      if (job->rsync->has_ended()) settle(job);
      job = next;
    }
  }

  void settle(std::list<Job>::iterator job) {
    const ChildProcess& rsync = *job->rsync;
    const bool is_last = job->n_tries > config_.retries;
    const std::string failure =
        (job->was_silent ? fmt::format("no byte for {} s, then ", config_.timeout_s) : "") + rsync.failure_text();
    if (!rsync.succeeded() && !is_last && is_worth_another_try(rsync.exit_code())) {
      const double pause_s = pause_after_s(job->n_tries, config_);
      log_warning("obsid {}: rsync ended with {}; trying again in {:.3g} s ({} of {})", job->file.obsid, failure,
                  pause_s, job->n_tries, config_.retries);
      const std::chrono::duration<double> pause(pause_s);
      job->not_before = Clock::now() + std::chrono::duration_cast<Clock::duration>(pause);
      job->rsync.reset();
      waiting_.splice(waiting_.end(), running_, job);
      return;
    }
    if (rsync.succeeded()) return finish(job, "");
    landing_.remove_if_empty(job->file);
    finish(job, fmt::format("rsync ended with {} (try {})", failure, job->n_tries));
  }

  void finish(std::list<Job>::iterator job, const std::string& error) {
    std::list<Job> done;
    done.splice(done.end(), running_, job);
    ++n_settled_;
    const std::chrono::duration<double> elapsed = Clock::now() - job->start;
    arrived_({job->file, error, job->n_tries, elapsed.count()});
  }

  void show_progress() {
    if (Clock::now() < next_progress_) return;
    next_progress_ = Clock::now() + kProgressInterval;
    if (running_.empty() || n_shown_++ == 0) return;
    std::string text;
    for (const Job& job : running_) {
      const auto bytes = static_cast<double>(landing_.bytes_so_far(job.file));
      text += fmt::format("; obsid {}: {:.0f} MB so far", job.file.obsid, bytes / kBytesPerMB);
    }
    log_info("{} of {} files settled, {} wait{}", n_settled_, n_files_, waiting_.size(), text);
  }

  const AcquireConfig& config_;
  const Landing& landing_;
  const std::function<void(const FetchOutcome&)>& arrived_;
  std::size_t n_files_, n_settled_ = 0, n_shown_ = 0;
  std::list<Job> waiting_, running_;
  Clock::time_point next_progress_{}, next_look_{};
};

}  // namespace

std::vector<std::string> rsync_arguments(const AcquireConfig& config, const ListedFile& file,
                                         const std::string& target) {
  std::vector<std::string> arguments = {"rsync",
                                        "--times",
                                        "--copy-links",
                                        "--protect-args",
                                        fmt::format("--partial-dir={}", kPartialDirectory),
                                        fmt::format("--timeout={}", config.timeout_s)};
  if (config.bandwidth_limit_KBps > 0) arguments.push_back(fmt::format("--bwlimit={}", config.bandwidth_limit_KBps));
  if (!config.remote_shell.empty() && !is_daemon(config.remote)) arguments.push_back("--rsh=" + config.remote_shell);
  arguments.insert(arguments.end(), {"--", config.remote + file.path, target});
  return arguments;
}

// Codes of rsync(1): socket and data stream, protocol start, signals, waitpid, timeouts, and 255 of ssh.
bool is_worth_another_try(int rsync_exit_code) {
  constexpr std::array kCanPass = {-1, 5, 10, 12, 19, 20, 21, 30, 35, 255};
  return std::ranges::find(kCanPass, rsync_exit_code) != kCanPass.end();
}

double pause_after_s(int n_tries, const AcquireConfig& config) {
  return std::min(kMaxPause_s, std::ldexp(config.retry_delay_s, n_tries - 1));
}

std::int64_t fetch_files(const AcquireConfig& config, const Landing& landing, const std::vector<ListedFile>& files,
                         const std::function<void(const FetchOutcome&)>& arrived,
                         const std::function<bool()>& stop_requested) {
  return FetchRun(config, landing, files, arrived).run(stop_requested);
}

}  // namespace comap
