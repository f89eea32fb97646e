#include "io/file_probe.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>
#include <utility>

#include "core/child_process.hpp"
#include "core/regular_file.hpp"

namespace comap {
namespace {

constexpr std::size_t kFilesOfAProcess = 100;  // bounds the length of its command line
constexpr auto kRest = std::chrono::milliseconds(2);

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

/// Those that have their end, at most `n`.
std::vector<std::string> whole_lines(const std::string& text, std::size_t n) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; lines.size() < n && std::getline(stream, line) && !stream.eof();) lines.push_back(line);
  return lines;
}

}  // namespace

FileProbe::FileProbe(std::vector<std::string> program, double timeout_s)
    : program_(std::move(program)), timeout_s_(timeout_s) {}

std::vector<ProbedFile> FileProbe::read(const std::vector<std::string>& paths) const {
  std::vector<ProbedFile> probed;
  while (probed.size() < paths.size()) {
    const std::size_t n = std::min(kFilesOfAProcess, paths.size() - probed.size());
    const auto begin = paths.begin() + std::ssize(probed);
    std::vector<std::string> arguments = program_;
    arguments.insert(arguments.end(), begin, begin + static_cast<std::ptrdiff_t>(n));
    ChildProcess child(arguments);
    const bool ended = runs_to_its_end(child, timeout_s_);
    const std::vector<std::string> lines = whole_lines(child.output(), n);
    for (const std::string& line : lines) probed.push_back({line, ""});
    if (lines.size() == n) continue;
    probed.push_back({"", ended ? fmt::format("no process survives reading it ({})", child.failure_text())
                                : fmt::format("reading it does not end within {} s", timeout_s_)});
  }
  return probed;
}

std::map<std::string, std::string> FileProbe::deadly_files(const std::vector<std::string>& paths) const {
  std::map<std::string, std::string> deadly;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    const std::string problem = problem_of_kind(path);
    if (problem.empty()) files.push_back(path);
    if (!problem.empty()) deadly[path] = problem;
  }
  const std::vector<ProbedFile> probed = read(files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!probed[i].deadly.empty()) deadly[files[i]] = probed[i].deadly;
  }
  return deadly;
}

}  // namespace comap
