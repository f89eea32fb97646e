#include "mpi/launcher.hpp"

#include <dlfcn.h>
#include <fmt/core.h>
#include <mpi.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {
namespace {

using Lookup = std::function<const char*(const char*)>;

/// Where the launchers of Open MPI, MPICH and Intel MPI, MVAPICH, and IBM's jsrun say how many processes they started.
constexpr std::array kSizeVariables = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "JSM_NAMESPACE_SIZE"};
constexpr auto kNodeSizeVariable = "MPI_LOCALNRANKS";  // of MPICH and Intel MPI
/// PALS is Cray's. PMIX_RANK may be that of an srun around a launcher that sets one of those before it.
constexpr std::array kRankVariables = {"OMPI_COMM_WORLD_RANK", "PMI_RANK",    "MV2_COMM_WORLD_RANK", "PMIX_RANK",
                                       "JSM_NAMESPACE_RANK",   "PALS_RANKID", "MPI_LOCALRANKID"};
constexpr auto kTaskVariable = "SLURM_PROCID";
constexpr std::int64_t kSpecialSteps = 0xfffffff0;  // of SLURM: a batch script, an interactive shell

/// Empty when the variable is not set or is no whole number.
std::optional<std::int64_t> number_of(const char* variable, const Lookup& value_of) {
  const char* value = value_of(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The variable that says how many tasks the step of srun has; SLURM_NTASKS does only inside a step.
const char* step_variable(const Lookup& value_of) {
  if (number_of("SLURM_STEP_NUM_TASKS", value_of)) return "SLURM_STEP_NUM_TASKS";
  const auto step = number_of("SLURM_STEP_ID", value_of);
  return step && *step < kSpecialSteps ? "SLURM_NTASKS" : nullptr;
}

void read_size(Launch& launch, const char* variable, const Lookup& value_of) {
  const auto number = number_of(variable, value_of);
  if (!launch.size_variable.empty() || !number || *number < 1) return;
  launch.size_variable = variable;
  launch.n_tasks = static_cast<int>(*number);
}

/// mpirun of the library that is loaded, as far up as it lies; empty when there is none. Debian has those of several
/// libraries side by side, with the library's name.
std::string program_to_launch(MpiFamily family) {
  namespace fs = std::filesystem;
  Dl_info library{};
  if (dladdr(reinterpret_cast<const void*>(&MPI_Init), &library) == 0) return {};
  std::error_code failed;
  const fs::path file = fs::canonical(library.dli_fname, failed);
  for (fs::path place = file.parent_path(); place.has_relative_path(); place = place.parent_path()) {
    for (const char* name : {family == MpiFamily::open_mpi ? "mpirun.openmpi" : "mpirun.mpich", "mpirun"}) {
      if (fs::exists(place / "bin" / name, failed)) return (place / "bin" / name).string();
    }
  }
  return {};
}

const char* srun_of(MpiFamily family) { return family == MpiFamily::open_mpi ? "srun --mpi=pmix" : "srun --mpi=pmi2"; }

std::string remedy(MpiFamily family) {
  const std::string program = program_to_launch(family);
  return fmt::format("`{} ...` (where `srun --mpi=list` has it) or `{} ...`", srun_of(family),
                     program.empty() ? "mpirun" : program);
}

}  // namespace

MpiFamily mpi_family() {
#ifdef OPEN_MPI
  return MpiFamily::open_mpi;
#else
  return MpiFamily::mpich;
#endif
}

Launch read_launch(const Lookup& value_of) {
  Launch launch;
  for (const char* variable : kSizeVariables) read_size(launch, variable, value_of);
  if (const char* variable = step_variable(value_of)) {
    read_size(launch, variable, value_of);
    launch.step_tasks = static_cast<int>(number_of(variable, value_of).value_or(0));
  }
  if (launch.size_variable.empty()) {
    read_size(launch, kNodeSizeVariable, value_of);
    launch.of_a_node = !launch.size_variable.empty();
  }
  launch.rank = static_cast<int>(number_of(kTaskVariable, value_of).value_or(0));
  for (const char* variable : kRankVariables) {
    const auto rank = number_of(variable, value_of);
    if (!rank || !launch.rank_variable.empty()) continue;
    launch.rank_variable = variable;
    launch.rank = static_cast<int>(*rank);
  }
  launch.has_pmix = value_of("PMIX_RANK") != nullptr;
  return launch;
}

Launch read_launch() {
  return read_launch([](const char* variable) { return std::getenv(variable); });
}

bool is_launched(const Launch& launch) { return !launch.rank_variable.empty() || launch.n_tasks > 1; }

bool speaks_for_all(const Launch& launch) {
  return launch.rank == 0 || (launch.rank == 1 && (launch.size_variable.empty() || launch.of_a_node));
}

void check_launcher(const Launch& launch, MpiFamily family) {
  if (family != MpiFamily::open_mpi || launch.has_pmix || launch.step_tasks == 0) return;
  if (launch.step_tasks == 1) {  // Open MPI takes a step for a promise of PMIx
    unsetenv("SLURM_STEPID");
    return;
  }
  throw ConfigError(fmt::format("srun started {} tasks without PMIx, so they cannot find each other: use {}",
                                launch.step_tasks, remedy(family)));
}

void check_launcher() { check_launcher(read_launch(), mpi_family()); }

void check_world_size(const Launch& launch, int n_ranks, MpiFamily family) {
  const bool are_apart = n_ranks < launch.n_tasks;
  const bool is_counted = !launch.size_variable.empty() && !launch.of_a_node;
  if (!are_apart && (n_ranks > 1 || launch.rank <= 0 || launch.rank_variable.empty() || is_counted)) return;
  const std::string& variable = are_apart ? launch.size_variable : launch.rank_variable;
  const std::string found = are_apart ? fmt::format("started {} processes{} ({}), but they", launch.n_tasks,
                                                    launch.of_a_node ? " on this node" : "", variable)
                                      : fmt::format("calls this process rank {} ({}), but it", launch.rank, variable);
  throw ConfigError(
      fmt::format("the launcher {} found {} for MPI ({}): each would do all of the work and write the same files. Use "
                  "the launcher of this MPI, {}; without a launcher unset {}",
                  found, n_ranks, library_version(), remedy(family), variable));
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  std::string_view first(text.data(), static_cast<std::size_t>(length));
  first = first.substr(0, first.find_first_of(",\n"));
  // MPICH: "MPICH Version:\t4.0.2"
  constexpr std::string_view kBetween = " Version:\t";
  const std::size_t between = first.find(kBetween);
  if (between == std::string_view::npos) return std::string(first);
  return fmt::format("{} {}", first.substr(0, between), first.substr(between + kBetween.size()));
}

std::string allocation_note() {
  if (is_launched(read_launch()) || std::getenv("SLURM_JOB_ID") == nullptr) return "";
  const std::int64_t n_tasks =
      number_of("SLURM_NTASKS", [](const char* variable) { return std::getenv(variable); }).value_or(1);
  if (n_tasks < 2) return "";
  return fmt::format("one rank in an allocation of {} tasks; `{} comap_mpi ...` uses all of them", n_tasks,
                     srun_of(mpi_family()));
}

}  // namespace comap::mpi
