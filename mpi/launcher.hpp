#pragma once
/// \file
/// Reads what the launcher of the processes (mpirun, srun, mpiexec) says in their environment, and whether MPI agrees.

#include <functional>
#include <string>

namespace comap::mpi {

/// MPI libraries by how their processes find each other: Open MPI by PMIx, MPICH and its kin (Intel MPI, MVAPICH, that
/// of Cray) by PMI 1 and 2.
enum class MpiFamily { open_mpi, mpich };

/// That of the library which the program is built for.
MpiFamily mpi_family();

/// What the launcher says.
struct Launch {
  std::string size_variable;  ///< that says n_tasks; empty without one
  int n_tasks = 1;            ///< processes that were started together
  bool of_a_node = false;     ///< n_tasks counts those of one node only
  std::string rank_variable;  ///< that says rank, SLURM's own aside; empty without one
  int rank = 0;               ///< that the launcher gave this process
  int step_tasks = 0;         ///< of the step of srun that this process belongs to; 0 = none
  bool has_pmix = false;
};

/// As the innermost launcher says. To be read before MPI_Init, which changes the environment. `value_of` is std::getenv
/// but in tests.
Launch read_launch(const std::function<const char*(const char*)>& value_of);
Launch read_launch();

/// Whether this process may be one of several, so that MPI must be started to find out.
bool is_launched(const Launch& launch);

/// Whether this process says, for all that were started with it, what must be said before MPI is started. That is rank
/// 0; where nothing says how many there are rank 0 may take itself for the only one, and rank 1 speaks as well.
bool speaks_for_all(const Launch& launch);

/// Throws ConfigError when srun started several tasks of Open MPI without PMIx: MPI_Init would abort, or make every
/// process believe that it is rank 0 of 1. A single task without PMIx (`srun --mpi=none -n 1`, or a shell that srun
/// opened) is let run as one rank. Other libraries start in any case; check_world_size judges them. To be called before
/// Environment.
void check_launcher(const Launch& launch, MpiFamily family);
void check_launcher();

/// Throws ConfigError when MPI sees fewer processes than were started together: the launcher of another MPI makes each
/// of them rank 0 of 1, and all would write the same files.
void check_world_size(const Launch& launch, int n_ranks, MpiFamily family);

/// Version of the MPI library, e.g. "Open MPI v4.1.4", "MPICH 4.0.2".
std::string library_version();

/// The advice for who runs one rank, without a launcher, in a SLURM allocation of several tasks; empty otherwise. To be
/// asked before MPI_Init, as read_launch().
std::string allocation_note();

}  // namespace comap::mpi
