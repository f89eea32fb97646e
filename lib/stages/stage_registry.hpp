#pragma once
/// \file
/// The only list of stages.

#include <memory>
#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Names that `pipeline = [...]` may hold, in the order in which they make sense.
std::vector<std::string> known_stages();

/// The stages of `config.pipeline`, in its order. Throws ConfigError for an unknown name, with the known ones, and for
/// a name given twice.
std::vector<std::unique_ptr<Stage>> make_stages(const Level2Config& config);

/// Throws ConfigError naming stage and dataset when a stage reads what no stage before it makes.
void check_order(const std::vector<std::unique_ptr<Stage>>& stages);

}  // namespace comap
