#include <fmt/core.h>

#include "command.hpp"
#include "config/config_parser.hpp"
#include "map/fixed_grid.hpp"

namespace comap {
namespace {

int show(const CommandContext& context) {
  if (context.world.rank() == 0) fmt::print("{}", context.config_text);
  return kDone;
}

/// The configuration has been read and checked before any command runs; the grid as WCSLIB takes it, and its size, are
/// left.
int check(const CommandContext& context) {
  if (const auto definition = fixed_grid(context.config.mapmake)) {
    const MapGrid grid(*definition);
    check_grid_memory(grid.definition());
  }
  if (context.world.rank() == 0 && !context.options.quiet) {
    fmt::print("the configuration is valid ({} warnings)\n", config_warnings(context.config).size());
  }
  return kDone;
}

}  // namespace

void add_config_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  CLI::App* config = program.add_subcommand("config", "Show or check a configuration");
  config->require_subcommand(1);
  config->footer("Example:\n  comap_mpi config check mapmake.toml");
  add_leaf_command(*config, commands, "show", "Print the effective configuration, with defaults, meanings and units",
                   "comap_mpi config show my.toml --set mapmake.bands=all > full.toml", show, options);
  commands.back().needs_config = false;
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
  add_leaf_command(*config, commands, "check", "Report all errors of a configuration at once",
                   "comap_mpi config check my.toml", check, options);
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
}

}  // namespace comap
