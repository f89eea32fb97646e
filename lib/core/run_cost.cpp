#include "core/run_cost.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/file_descriptor.hpp"
#include "core/memory.hpp"
#include "core/version.hpp"

namespace comap {
namespace {

constexpr double kMegabyte = 1e6;

double cpu_s(int who) {
  rusage use{};
  if (::getrusage(who, &use) != 0) return 0.0;
  const auto seconds = [](const timeval& time) {
    constexpr double kMicrosecond = 1e-6;
    return static_cast<double>(time.tv_sec) + kMicrosecond * static_cast<double>(time.tv_usec);
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// The number after `name` in a file of lines `name: number`; 0 when there is none.
std::int64_t number_in(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    std::int64_t number = 0;
    if (word == name && file >> number) return number;
  }
  return 0;
}

/// Whether the last line of a file has no end, which a killed run leaves.
bool ends_within_line(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || file.tellg() <= 0) return false;
  file.seekg(-1, std::ios::end);
  return file.get() != '\n';
}

}  // namespace

ProcessUse use_of_this_process() {
  ProcessUse use;
  use.cpu_s = cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN);
  use.bytes_read = number_in("/proc/self/io", "rchar:");
  use.bytes_written = number_in("/proc/self/io", "wchar:");
  // Unlike ru_maxrss this is not what the process that started this one had.
  use.peak_memory_bytes = number_in("/proc/self/status", "VmHWM:") * kKibibyte;
  return use;
}

double RunCost::samples_per_node_s() const {
  return elapsed_s > 0.0 ? static_cast<double>(work.n_samples) / (elapsed_s * n_nodes) : 0.0;
}

double RunCost::load_balance_loss() const {
  return elapsed_s > 0.0 ? std::max(0.0, 1.0 - busy_rank_s / (elapsed_s * n_ranks)) : 0.0;
}

nlohmann::ordered_json to_json(const RunCost& cost) {
  return {{"command", cost.work.command},
          {"started", cost.started},
          {"version", software_version()},
          {"commit", git_commit()},
          {"ranks", cost.n_ranks},
          {"nodes", cost.n_nodes},
          {"elapsed_s", cost.elapsed_s},
          {"cpu_h", cost.cpu_h},
          {"observations", cost.work.n_observations},
          {"input_bytes", cost.work.input_bytes},
          {"bytes_read", cost.bytes_read},
          {"bytes_written", cost.bytes_written},
          {"samples", cost.work.n_samples},
          {"samples_per_node_s", cost.samples_per_node_s()},
          {"load_balance_loss", cost.load_balance_loss()},
          {"peak_memory_bytes_per_rank", cost.peak_memory_bytes}};
}

std::string cost_table(const RunCost& cost) {
  std::string text = fmt::format("cost of {}\n", cost.work.command);
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<22}{:>12}\n", name, value);
  };
  const auto megabytes = [](std::int64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMegabyte);
  };
  row("ranks", std::to_string(cost.n_ranks));
  row("nodes", std::to_string(cost.n_nodes));
  row("elapsed", fmt::format("{:.2f} s", cost.elapsed_s));
  row("CPU", fmt::format("{:.5f} h", cost.cpu_h));
  row("read", megabytes(cost.bytes_read));
  row("written", megabytes(cost.bytes_written));
  row("samples", std::to_string(cost.work.n_samples));
  row("samples/node-second", fmt::format("{:.3e}", cost.samples_per_node_s()));
  row("load-balance loss", fmt::format("{:.1f} %", 100.0 * cost.load_balance_loss()));
  row("peak memory of a rank", megabytes(cost.peak_memory_bytes));
  return text;
}

void append_run_cost(const std::string& directory, const RunCost& cost) {
  const std::string path = (std::filesystem::path(directory) / "run_costs.jsonl").string();
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::string line = fmt::format("{}{}\n", ends_within_line(path) ? "\n" : "", to_json(cost).dump());
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  // One call, so that lines of runs that end together do not mix.
  if (!file.is_open() || ::write(file.number(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw IoError(path + ": cannot be written; is it a link, the disk full or the directory not writable?");
  }
}

}  // namespace comap
