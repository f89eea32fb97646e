#pragma once
/// \file
/// Start and end of MPI in a process.

#include <cstdint>
#include <memory>

#include "core/communicator.hpp"

namespace comap::mpi {

class MpiCommunicator;

/// Starts MPI (MPI_THREAD_FUNNELED) and ends it in the destructor. One object in main(), before everything that
/// communicates and after check_launcher(). Collective over all processes of the launcher.
class Environment {
 public:
  /// Throws Error when MPI does not give the thread level, ConfigError when the processes of the launcher have not
  /// found each other.
  Environment(int& argc, char**& argv);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// All ranks; an MpiCommunicator.
  const Communicator& world() const;

  /// `exit_code`, to return from main; ends the process with it here where the libraries could not end in good order
  /// after errors of writing. Collective.
  int finish(int exit_code) const;

 private:
  std::unique_ptr<MpiCommunicator> world_;
  std::int64_t agreement_to_fail_ = 0;  ///< of this rank, for tests; 0 = none
};

}  // namespace comap::mpi
