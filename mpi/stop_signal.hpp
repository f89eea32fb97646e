#pragma once
/// \file
/// SIGTERM and SIGUSR1: stop in good order.

#include <initializer_list>

namespace comap::mpi {

/// From now on SIGTERM, SIGUSR1 and those of `more` are remembered instead of ending the process.
void catch_stop_signals(std::initializer_list<int> more = {});

/// True once one of them has arrived on this rank.
bool stop_requested();

}  // namespace comap::mpi
