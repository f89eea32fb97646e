#pragma once
/// \file
/// The cost of a run: time, processors, disk and memory of all its ranks, for the table at its end, its JSON, and the
/// history that later runs are planned from.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace comap {

/// Resources that one process has used since it began.
struct ProcessUse {
  double cpu_s = 0.0;                  ///< user and system, with children that have ended
  std::int64_t bytes_read = 0;         ///< by system calls, whether from disk or from memory; as /proc/self/io says
  std::int64_t bytes_written = 0;      ///< the same; messages over TCP count as well
  std::int64_t peak_memory_bytes = 0;  ///< resident
};
/// Fields that the system does not tell are 0.
ProcessUse use_of_this_process();

/// The work that a run did.
struct RunWork {
  std::string command;
  std::int64_t n_observations = 0;  ///< that are done
  /// level2: values of TOD that were read [feed x band x channel x sample]; maps: samples used, summed over feeds and
  /// bands; cubes: summed over feeds and lines.
  std::int64_t n_samples = 0;
  std::int64_t input_bytes = 0;  ///< size of the files of these observations: Level-1 for level2, else Level-2
};

struct RunCost {
  RunWork work;
  std::string started;  ///< UTC, ISO 8601
  int n_ranks = 1;
  int n_nodes = 1;
  double elapsed_s = 0.0;
  double cpu_h = 0.0;
  double busy_rank_s = 0.0;  ///< time of all ranks outside waiting for others
  std::int64_t bytes_read = 0;
  std::int64_t bytes_written = 0;
  std::int64_t peak_memory_bytes = 0;  ///< of the rank that had most

  double samples_per_node_s() const;
  /// 1 - (mean busy time of a rank) / elapsed.
  double load_balance_loss() const;
};

/// One flat object; names say the units.
nlohmann::ordered_json to_json(const RunCost& cost);

/// Lines `name  value` under a heading.
std::string cost_table(const RunCost& cost);

/// Adds one line to run_costs.jsonl in `directory`, with the version of the program. What another run left half
/// written becomes a line of its own, which readers skip. Throws IoError.
void append_run_cost(const std::string& directory, const RunCost& cost);

}  // namespace comap
