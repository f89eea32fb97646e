#pragma once
/// \file
/// [simulate]: what the simulator makes. The physics is in docs/simulate.md.

#include <cstdint>
#include <string>

namespace comap {

struct SimulateConfig {
  std::string output_dir = "level1";
  int n_observations = 3;
  std::uint64_t seed = 1;
};

}  // namespace comap
