#pragma once
/// \file
/// Work of rank 0 that takes long.

#include <functional>

#include "core/communicator.hpp"

namespace comap::mpi {

/// As run_on_rank_zero(), but the other ranks rest while they wait instead of spinning in MPI. Collective.
void run_long_on_rank_zero(const Communicator& world, const std::function<void()>& work);

}  // namespace comap::mpi
