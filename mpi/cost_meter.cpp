#include "mpi/cost_meter.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string>

#include "core/message.hpp"

namespace comap::mpi {
namespace {

constexpr double kSecondsPerHour = 3600.0;

/// Nodes of SLURM may be several on one host, as in tests.
std::string node_name() {
  if (const char* name = std::getenv("SLURMD_NODENAME")) return name;
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

int number_of_nodes(const Communicator& world) {
  const auto names = all_gather(world, node_name());
  return static_cast<int>(std::set(names.begin(), names.end()).size());
}

}  // namespace

CostMeter::CostMeter(const MpiCommunicator& world) : world_(world), waited_at_begin_s_(world.waited_s()) {}

RunCost CostMeter::cost(RunWork work) const {
  const ProcessUse use = use_of_this_process();
  const double my_elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  std::array<double, 2> most = {my_elapsed_s, static_cast<double>(use.peak_memory_bytes)};
  std::array<double, 2> seconds = {use.cpu_s - use_at_begin_.cpu_s,
                                   my_elapsed_s - (world_.waited_s() - waited_at_begin_s_)};
  std::array<std::int64_t, 2> bytes = {use.bytes_read - use_at_begin_.bytes_read,
                                       use.bytes_written - use_at_begin_.bytes_written};
  world_.max(most);
  world_.sum(std::span<double>(seconds));
  world_.sum(std::span<std::int64_t>(bytes));
  RunCost cost;
  cost.work = std::move(work);
  cost.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::floor<std::chrono::seconds>(started_)));
  cost.n_ranks = world_.size();
  cost.n_nodes = number_of_nodes(world_);
  cost.elapsed_s = most[0];
  cost.cpu_h = seconds[0] / kSecondsPerHour;
  cost.busy_rank_s = seconds[1];
  cost.bytes_read = bytes[0];
  cost.bytes_written = bytes[1];
  cost.peak_memory_bytes = static_cast<std::int64_t>(most[1]);
  return cost;
}

}  // namespace comap::mpi
