#pragma once
/// \file
/// Which ranks work together on one observation.

#include <cstdint>
#include <vector>

namespace comap::mpi {

/// Team of every rank, teams being consecutive ranks so that they share a node where they can.
/// `ranks_per_observation` 0 = auto: teams as large as needed so that no rank is left without work, at most one rank
/// for each science feed. There is at least one team.
std::vector<int> team_of_ranks(int n_ranks, std::int64_t n_observations, int ranks_per_observation);

}  // namespace comap::mpi
