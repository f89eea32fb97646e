#pragma once
/// \file
/// The summary that every run leaves in [log] directory at its end.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "core/run_cost.hpp"

namespace comap {

/// Writes `summary` with the cost of the run to <command>_summary.json, shows the table of the cost, and adds the cost
/// of a run that is `finished` to the history. A disk that takes nothing is a warning. Rank 0 only.
void write_run_summary(const CommandContext& context, const RunCost& cost, bool finished,
                       nlohmann::ordered_json summary);

/// Sum of the sizes of files; those that cannot be looked at count nothing.
std::int64_t total_bytes(const std::vector<std::string>& paths);

}  // namespace comap
