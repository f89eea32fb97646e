#include "mpi/end_of_run.hpp"

#include <mpi.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/log.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

bool all_ranks_arrive(double timeout_s) {
  constexpr auto kPause = std::chrono::milliseconds(5);
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(timeout_s);
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
  for (;;) {
    int arrived = 0;
    check(MPI_Test(&request, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
    if (arrived != 0) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
}

void end_all_ranks(int exit_code) {
  flush_log();
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

}  // namespace comap::mpi
