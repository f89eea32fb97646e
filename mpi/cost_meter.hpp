#pragma once
/// \file
/// Measures what a run costs, over all ranks.

#include <chrono>

#include "core/run_cost.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

/// Counts from its construction. One on every rank, at the start of a command.
class CostMeter {
 public:
  explicit CostMeter(const MpiCommunicator& world);

  /// The cost up to now; the same on every rank but for `work`, which is each rank's own. Collective.
  RunCost cost(RunWork work) const;

 private:
  const MpiCommunicator& world_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  ProcessUse use_at_begin_ = use_of_this_process();
  double waited_at_begin_s_;
};

}  // namespace comap::mpi
