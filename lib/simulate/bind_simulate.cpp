#include "simulate/bind_simulate.hpp"

namespace comap {

void bind_simulate(Binder& binder, SimulateConfig& config) {
  binder.text("output_dir", config.output_dir, "where the Level-1 files go");
  binder.integer_as("n_observations", config.n_observations, {1, 1e6}, "number of observations");
  binder.integer_as("seed", config.seed, {0, 9e15}, "same seed, same files");
}

}  // namespace comap
