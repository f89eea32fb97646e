#include "mpi/environment.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "core/log.hpp"
#include "io/hdf5/h5.hpp"
#include "mpi/launcher.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {
namespace {

/// From COMAP_MPI_FAIL_AT=RANK:N, which the tests of faults set.
std::optional<std::int64_t> agreement_to_fail(int rank) {
  const char* text = std::getenv("COMAP_MPI_FAIL_AT");
  int wanted = -1;
  std::int64_t n = 0;
  if (text == nullptr || std::sscanf(text, "%d:%" SCNd64, &wanted, &n) != 2 || wanted != rank) return std::nullopt;
  return n;
}

/// Settings of Open MPI, before MPI_Init, unless the user has set them. A start that fails shall be an error like any
/// other: 5 and 6 would end the process with an exit code of their own. Open MPI prefers its own file access (ompio) to
/// ROMIO: in version 4.1 that one drops errors of the disk, in 5 it hangs on a full one. Version 6 has nothing else. Of
/// its ways to write together all but `individual`, where every rank writes what is its own, report success for what
/// did not fit on a full disk. Its shared file pointers, which HDF5 does not use, leave files behind that a later run
/// of the same name waits for.
void choose_settings() {
#ifdef OPEN_MPI
  setenv("OMPI_MCA_mpi_initial_errhandler", "mpi_errors_return", 0);
  setenv("OMPI_MCA_io_ompio_priority", "1", 0);
  setenv("OMPI_MCA_io_ompio_delete_priority", "1", 0);
  setenv("OMPI_MCA_fcoll", "individual", 0);
  setenv("OMPI_MCA_sharedfp", "individual", 0);
  const char* chosen = std::getenv("OMPI_MCA_io");
  if (OMPI_MAJOR_VERSION < 6 && chosen != nullptr && !std::string_view(chosen).starts_with("romio")) {
    log_warning("OMPI_MCA_io={}: a file access that may hang when the disk is full; unset it for ROMIO", chosen);
  }
#endif
}

bool is_starting = false;

std::string no_start(const std::string& reason) {
  return fmt::format(
      "{} cannot start{}. What it says itself is above; often the launcher is that of another MPI, or a "
      "variable OMPI_MCA_..., PMIX_MCA_..., UCX_... is wrong",
      library_version(), reason);
}

/// MPICH calls exit() where it cannot start, with an exit code of its own: that, too, shall be an error like any other.
void end_of_failed_start() {
  if (!is_starting) return;
  log_error("{}", no_start(""));
  flush_log();
  std::_Exit(EXIT_FAILURE);
}

/// The level of threads that MPI gives.
int start_mpi(int& argc, char**& argv) {
  int provided = MPI_THREAD_SINGLE;
  is_starting = true;
  std::atexit(end_of_failed_start);
  const int status = MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  is_starting = false;
  try {
    check(status, "MPI_Init_thread");
  } catch (const Error& error) {
    throw Error(no_start(fmt::format(": {}", error.what())));
  }
  for (const MPI_Comm comm : {MPI_COMM_WORLD, MPI_COMM_SELF}) MPI_Comm_set_errhandler(comm, MPI_ERRORS_ARE_FATAL);
  return provided;
}

}  // namespace

Environment::Environment(int& argc, char**& argv) {
  choose_settings();
  const Launch launch = read_launch();
  const int provided = start_mpi(argc, argv);
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw Error("this MPI library does not give MPI_THREAD_FUNNELED; rebuild it with thread support");
  }
  world_ = std::make_unique<MpiCommunicator>(MpiCommunicator::duplicate(MPI_COMM_WORLD));
  try {
    check_world_size(launch, world_->size(), mpi_family());
  } catch (const ConfigError&) {
    world_.reset();
    MPI_Finalize();
    throw;
  }
  agreement_to_fail_ = agreement_to_fail(world_->rank()).value_or(0);
  if (agreement_to_fail_ > 0) world_->fail_at_agreement(agreement_to_fail_);
}

Environment::~Environment() {
  world_.reset();
  MPI_Finalize();
}

const Communicator& Environment::world() const { return *world_; }

int Environment::finish(int exit_code) const {
  if (const std::int64_t left = world_->agreements_to_failure(); left > 0) {
    log_warning("COMAP_MPI_FAIL_AT: this rank had {} agreements", agreement_to_fail_ - left);
  }
  if (world_->sum(std::int64_t{h5::has_broken_files() ? 1 : 0}) == 0) return exit_code;
  flush_log();
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

}  // namespace comap::mpi
