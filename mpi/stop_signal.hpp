#pragma once
/// \file
/// SIGTERM, SIGINT and SIGUSR1: stop in good order.

#include <csignal>
#include <vector>

namespace comap::mpi {

/// As long as it lives the signals are remembered instead of ending the process, and answer is_asked_to_stop(). A
/// second SIGINT (Ctrl-C) kills. May be nested. For a work that looks: what does not could not be ended any more.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::vector<struct sigaction> before_;
};

/// True once one of them has arrived on this rank.
bool stop_requested();

}  // namespace comap::mpi
