#include "mpi/launcher.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {
namespace {

/// Where the launchers of Open MPI, MPICH, Intel MPI and MVAPICH say how many processes they started.
constexpr std::array kSizeVariables = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"};
constexpr auto kNodeSizeVariable = "MPI_LOCALNRANKS";  // of MPICH and Intel MPI
constexpr std::array kRankVariables = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",       "PMI_RANK",
                                       "MV2_COMM_WORLD_RANK",  "MPI_LOCALRANKID", "SLURM_PROCID"};
constexpr std::int64_t kSpecialSteps = 0xfffffff0;  // of SLURM: a batch script, an interactive shell

/// Empty when the variable is not set or is no whole number.
std::optional<std::int64_t> number_of(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<LaunchedTasks> tasks_in(const char* variable, bool of_a_node = false) {
  const auto number = number_of(variable);
  if (!number || *number < 1) return std::nullopt;
  return LaunchedTasks{variable, static_cast<int>(*number), of_a_node};
}

/// Tasks of the step that srun started. SLURM_NTASKS is that number only inside a step.
std::optional<LaunchedTasks> tasks_of_step() {
  if (auto tasks = tasks_in("SLURM_STEP_NUM_TASKS")) return tasks;
  const auto step = number_of("SLURM_STEP_ID");
  if (!step || *step >= kSpecialSteps) return std::nullopt;
  return tasks_in("SLURM_NTASKS");
}

}  // namespace

std::optional<LaunchedTasks> launched_tasks() {
  for (const char* variable : kSizeVariables) {
    if (auto tasks = tasks_in(variable)) return tasks;
  }
  if (auto tasks = tasks_of_step()) return tasks;
  return tasks_in(kNodeSizeVariable, true);
}

int launcher_rank() {
  for (const char* variable : kRankVariables) {
    if (const auto rank = number_of(variable)) return static_cast<int>(*rank);
  }
  return 0;
}

bool is_launched() {
  if (std::getenv("OMPI_COMM_WORLD_RANK") != nullptr || std::getenv("PMIX_RANK") != nullptr) return true;
  const auto tasks = launched_tasks();
  return tasks && tasks->n_tasks > 1;
}

void check_launcher() {
  const auto tasks = tasks_of_step();
  if (!tasks || std::getenv("PMIX_RANK") != nullptr) return;
  if (tasks->n_tasks == 1) {  // Open MPI takes a step for a promise of PMIx
    unsetenv("SLURM_STEPID");
    return;
  }
  throw ConfigError(
      fmt::format("srun started {} tasks without PMIx, so they cannot find each other: use `srun --mpi=pmix ...` "
                  "(`srun --mpi=list` shows what this cluster offers)",
                  tasks->n_tasks));
}

void check_world_size(const std::optional<LaunchedTasks>& launched, int n_ranks) {
  if (!launched || (launched->of_a_node ? n_ranks >= launched->n_tasks : n_ranks == launched->n_tasks)) return;
  throw ConfigError(
      fmt::format("the launcher started {} processes{} ({}), but they found {} for MPI ({}): each would do all of the "
                  "work and write the same files. Use the launcher of this MPI (mpirun beside its library, or `srun "
                  "--mpi=pmix`); without a launcher unset {}",
                  launched->n_tasks, launched->of_a_node ? " on this node" : "", launched->variable, n_ranks,
                  library_version(), launched->variable));
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  const std::string_view all(text.data(), static_cast<std::size_t>(length));
  return std::string(all.substr(0, all.find_first_of(",\n")));
}

std::string allocation_note() {
  if (is_launched() || std::getenv("SLURM_JOB_ID") == nullptr) return "";
  const std::int64_t n_tasks = number_of("SLURM_NTASKS").value_or(1);
  if (n_tasks < 2) return "";
  return fmt::format("one rank in an allocation of {} tasks; `srun --mpi=pmix comap_mpi ...` uses all of them",
                     n_tasks);
}

}  // namespace comap::mpi
