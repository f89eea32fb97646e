#pragma once
/// \file
/// SIGTERM and SIGUSR1: stop in good order.

namespace comap::mpi {

/// From now on SIGTERM and SIGUSR1 are remembered instead of ending the process.
void catch_stop_signals();

/// True once one of them has arrived on this rank.
bool stop_requested();

}  // namespace comap::mpi
