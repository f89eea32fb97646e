#pragma once
/// \file
/// Reads what the launcher of the processes (mpirun, srun, mpiexec) says in their environment, and whether MPI agrees.

#include <optional>
#include <string>

namespace comap::mpi {

/// Number of processes that a launcher says it has started together.
struct LaunchedTasks {
  std::string variable;  ///< of the environment
  int n_tasks = 1;
  bool of_a_node = false;  ///< n_tasks counts those of one node only
};

/// As the innermost launcher says; empty without one. To be asked before MPI_Init, which changes the environment.
std::optional<LaunchedTasks> launched_tasks();

/// The rank that the launcher gave this process; 0 without one. For what must be said before MPI is started.
int launcher_rank();

/// Whether this process may be one of several, so that MPI must be started to find out.
bool is_launched();

/// Throws ConfigError when srun started several tasks without PMIx: MPI_Init would abort, or make every process
/// believe that it is rank 0 of 1. A single task without PMIx (`srun --mpi=none -n 1`, or a shell that srun opened)
/// is let run as one rank. To be called before Environment.
void check_launcher();

/// Throws ConfigError when MPI sees another number of processes than `launched`: the launcher of another MPI makes each
/// of them rank 0 of 1, and all would write the same files.
void check_world_size(const std::optional<LaunchedTasks>& launched, int n_ranks);

/// Version of the MPI library, e.g. "Open MPI v4.1.4".
std::string library_version();

/// The advice for who runs one rank, without a launcher, in a SLURM allocation of several tasks; empty otherwise. To be
/// asked before MPI_Init, as launched_tasks().
std::string allocation_note();

}  // namespace comap::mpi
