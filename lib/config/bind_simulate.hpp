#pragma once
/// \file
/// Keys of [simulate].

#include "config/binder.hpp"
#include "config/simulate_config.hpp"

namespace comap {

void bind_simulate(Binder& binder, SimulateConfig& config);

}  // namespace comap
