#include "io/file_probe.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "core/child_process.hpp"

namespace comap {
namespace {

constexpr std::size_t kFilesOfAProcess = 100;  // bounds the length of its command line
constexpr auto kRest = std::chrono::milliseconds(2);

std::size_t n_lines(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

/// False when it had to be stopped.
bool runs_to_its_end(ChildProcess& child, double timeout_s) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  for (std::size_t before = 0; !child.has_ended();) {
    if (child.output().size() > before) {
      before = child.output().size();
      last = Clock::now();
    }
    if (std::chrono::duration<double>(Clock::now() - last).count() > timeout_s) {
      child.stop();
      return false;
    }
    std::this_thread::sleep_for(kRest);
  }
  return true;
}

}  // namespace

FileProbe::FileProbe(std::vector<std::string> program, double timeout_s)
    : program_(std::move(program)), timeout_s_(timeout_s) {}

std::map<std::string, std::string> FileProbe::deadly_files(const std::vector<std::string>& paths) const {
  std::map<std::string, std::string> deadly;
  for (std::size_t first = 0; first < paths.size();) {
    const std::size_t n = std::min(kFilesOfAProcess, paths.size() - first);
    const auto begin = paths.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<std::string> arguments = program_;
    arguments.insert(arguments.end(), begin, begin + static_cast<std::ptrdiff_t>(n));
    ChildProcess child(arguments);
    const bool ended = runs_to_its_end(child, timeout_s_);
    const std::size_t n_survived = std::min(n_lines(child.output()), n);
    first += n_survived;
    if (n_survived == n) continue;
    deadly[paths[first]] = ended ? fmt::format("no process survives reading it ({})", child.failure_text())
                                 : fmt::format("reading it does not end within {} s", timeout_s_);
    ++first;
  }
  return deadly;
}

}  // namespace comap
