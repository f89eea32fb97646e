#pragma once
/// \file
/// The settings of a simulated observation as JSON, for its truth file.

#include <string>

#include "simulate/observation_plan.hpp"

namespace comap::simulate {

/// Every key of [simulate] that an observation depends on (`settings`), what the plan made of them, and the short
/// names (nfeed, nchan, sigma_red ...) that scripts comparing results with the truth use. The same text means the
/// same observation.
std::string settings_json(const SimulateConfig& config, const ObservationPlan& plan);

}  // namespace comap::simulate
