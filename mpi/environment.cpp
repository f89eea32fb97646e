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

/// Open MPI's own file access (ompio, its default in version 4.1) drops errors of reading: the caller gets zeros and
/// MPI_SUCCESS. ROMIO, which comes with Open MPI too, reports them. A choice of the user stands, and is warned of.
void choose_file_access() {
  constexpr auto kSetting = "OMPI_MCA_io";
  setenv(kSetting, "romio321", 0);
  const std::string_view chosen = std::getenv(kSetting);
  if (!chosen.starts_with("romio")) {
    log_warning("{}={}: file access that may hide errors of reading; unset it for ROMIO", kSetting, chosen);
  }
}

}  // namespace

Environment::Environment(int& argc, char**& argv) {
  choose_file_access();
  const std::optional<LaunchedTasks> launched = launched_tasks();
  int provided = MPI_THREAD_SINGLE;
  check(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    MPI_Finalize();
    throw Error("this MPI library does not give MPI_THREAD_FUNNELED; rebuild it with thread support");
  }
  world_ = std::make_unique<MpiCommunicator>(MpiCommunicator::duplicate(MPI_COMM_WORLD));
  try {
    check_world_size(launched, world_->size());
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
