#include "mpi/team_layout.hpp"

#include <algorithm>

#include "core/constants.hpp"

namespace comap::mpi {

std::vector<int> team_of_ranks(int n_ranks, std::int64_t n_observations, int ranks_per_observation) {
  const auto teams_of = [&](int size) { return (n_ranks + size - 1) / size; };
  int n_teams = 0;
  if (ranks_per_observation > 0) {
    n_teams = teams_of(std::min(ranks_per_observation, n_ranks));
  } else {
    const auto busy = static_cast<int>(std::clamp<std::int64_t>(n_observations, 1, n_ranks));
    n_teams = std::max(busy, teams_of(kScienceFeeds));
  }
  std::vector<int> teams(n_ranks);
  for (int rank = 0; rank < n_ranks; ++rank) {
    const int size = ranks_per_observation > 0 ? std::min(ranks_per_observation, n_ranks) : 0;
    teams[rank] = size > 0 ? rank / size : static_cast<int>(std::int64_t{rank} * n_teams / n_ranks);
  }
  return teams;
}

}  // namespace comap::mpi
