#pragma once
/// \file
/// A subcommand: a leaf of the command line and a function that returns the exit code.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "config/config.hpp"
#include "core/communicator.hpp"

namespace comap {

/// Exit codes of running.md.
enum ExitCode : int { kDone = 0, kError = 1, kUsage = 2, kSomeFailed = 3, kStopped = 4 };

/// Options that every command takes, before or after its name.
struct GlobalOptions {
  std::string config_file;           ///< positional CONFIG.toml; else $COMAP_CONFIG, else ./comap.toml
  std::vector<std::string> sets;     ///< --set section.key=value
  std::vector<std::int64_t> obsids;  ///< --obsid, replaces [select] obsids
  bool dry_run = false;
  bool quiet = false;
  std::string log_level;  ///< --log-level, replaces [log] level
  bool log_json = false;  ///< --log-json, replaces [log] json
};

/// The surroundings of a command; the same on every rank.
struct CommandContext {
  const Config& config;
  const std::string& config_text;  ///< effective configuration as `config show` prints it, without credentials
  const GlobalOptions& options;
  const Communicator& world;
};

using CommandFunction = std::function<int(const CommandContext&)>;

/// A dry run only looks into the catalogue.
inline CatalogueUse use_of_catalogue(const CommandContext& context) {
  return context.options.dry_run ? CatalogueUse::look : CatalogueUse::change;
}

/// The commands of the program, filled by the add_*_command functions that main calls.
struct Command {
  CLI::App* app = nullptr;
  CommandFunction run;
  bool needs_config = true;  ///< false: a missing default file means all defaults
  bool writes_log = true;    ///< false: no log file, for commands that only look
  bool needs_mpi = true;     ///< false: without a launcher MPI is left out; starting it takes longer
};
using Commands = std::vector<Command>;

/// Adds a leaf command with the positional CONFIG and an example in its help. Options of its own are added to the
/// returned app by the caller, bound to state that `run` captures.
CLI::App* add_leaf_command(CLI::App& parent, Commands& commands, const std::string& name,
                           const std::string& description, const std::string& example, CommandFunction run,
                           GlobalOptions& options);

// One function for each command_<name>.cpp.
void add_config_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_simulate_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_catalogue_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_acquire_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_level2_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_mapmake_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_linemap_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_transfer_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_diff_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_check_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_calibrate_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_report_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_benchmark_command(CLI::App& program, Commands& commands, GlobalOptions& options);
void add_run_command(CLI::App& program, Commands& commands, GlobalOptions& options);

}  // namespace comap
