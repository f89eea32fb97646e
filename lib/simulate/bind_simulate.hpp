#pragma once
/// \file
/// Keys of [simulate].

#include "config/binder.hpp"
#include "simulate/simulate_config.hpp"

namespace comap {

void bind_simulate(Binder& binder, SimulateConfig& config);

}  // namespace comap
