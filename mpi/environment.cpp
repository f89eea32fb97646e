#include "mpi/environment.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "core/log.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

Environment::Environment(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw Error("this MPI library does not give MPI_THREAD_FUNNELED; rebuild it with thread support");
  }
  world_ = std::make_unique<MpiCommunicator>(MpiCommunicator::duplicate(MPI_COMM_WORLD));
}

Environment::~Environment() {
  world_.reset();
  MPI_Finalize();
}

void Environment::abort(int exit_code) const {
  flush_log();
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

void check_launcher() {
  const char* tasks_text = std::getenv("SLURM_STEP_NUM_TASKS");
  if (tasks_text == nullptr || std::getenv("PMIX_RANK") != nullptr) return;
  const std::string_view text = tasks_text;
  int tasks = 0;
  std::from_chars(text.data(), text.data() + text.size(), tasks);
  if (tasks <= 1) return;
  throw ConfigError(
      fmt::format("srun started {} tasks without PMIx, so they cannot find each other: use `srun --mpi=pmix ...` "
                  "(`srun --mpi=list` shows what this cluster offers)",
                  tasks));
}

std::string library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  check(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  const std::string_view all(text.data(), static_cast<std::size_t>(length));
  return std::string(all.substr(0, all.find_first_of(",\n")));
}

}  // namespace comap::mpi
