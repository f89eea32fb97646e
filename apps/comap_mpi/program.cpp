#include "program.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "catalogue/sql_connection.hpp"
#include "core/error.hpp"
#include "core/library_versions.hpp"
#include "core/version.hpp"
#include "io/hdf5/h5.hpp"
#include "mpi/launcher.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

constexpr const char* kGlobalGroup = "Global options, before or after the command";

CLI::Validator toml_file_name() {
  const auto check = [](const std::string& text) {
    return text.ends_with(".toml") ? std::string()
                                   : fmt::format("'{}' is no configuration: its name must end in .toml", text);
  };
  return {check, "", "TOML"};
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_option("--set", options.sets, "Replace a value of the configuration; repeatable")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false)
      ->group(kGlobalGroup);
  app.add_option("--obsid", options.obsids, "Only these observations, instead of [select] obsids")
      ->type_name("N...")
      ->delimiter(',')
      ->transform(obsid_number())
      ->group(kGlobalGroup);
  app.add_flag("--dry-run", options.dry_run, "Show what would be done, and why")->group(kGlobalGroup);
  app.add_flag("--quiet", options.quiet, "Only errors on the terminal")->group(kGlobalGroup);
  app.add_option("--log-level", options.log_level, "Lines of this level and above: debug, info, warning, error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL")
      ->group(kGlobalGroup);
  app.add_flag("--log-json", options.log_json, "Log as JSON lines")->group(kGlobalGroup);
}

std::string usage_footer() {
  return "Example:\n"
         "  comap_mpi run configs/quickstart.toml\n"
         "  srun comap_mpi level2 level2.toml --set level2.overwrite=true\n"
         "CONFIG.toml defaults to $COMAP_CONFIG, else ./comap.toml; comap_mpi config show prints every key.\n"
         "Exit codes: 0 done, 1 error, 2 wrong usage or configuration, 3 some observations failed, 4 stopped by a "
         "signal";
}

}  // namespace

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  CLI::App* app = parent.add_subcommand(name, description);
  app->require_subcommand(1);
  return app;
}

CLI::App* add_leaf_command(CLI::App& parent, Commands& commands, const std::string& name,
                           const std::string& description, const std::string& example, CommandFunction run,
                           GlobalOptions& options) {
  CLI::App* app = parent.add_subcommand(name, description);
  app->add_option("CONFIG", options.config_file, "Configuration file, *.toml")->check(toml_file_name())->type_name("");
  // A command's own positional arguments take what does not end in .toml.
  app->validate_positionals();
  app->footer(fmt::format("Example:\n  {}\nGlobal options: comap_mpi --help", example));
  commands.push_back({app, std::move(run)});
  return app;
}

std::unique_ptr<Program> make_program() {
  auto program = std::make_unique<Program>();
  CLI::App& app = program->app;
  app.name("comap_mpi");
  app.description("Level-2 reduction and destriping map maker of the COMAP telescope");
  app.footer(usage_footer());
  app.fallthrough();
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", version_text, "Program, commit and library versions");
  add_global_options(app, program->options);
  add_simulate_command(app, program->commands, program->options);
  add_catalogue_command(app, program->commands, program->options);
  add_acquire_command(app, program->commands, program->options);
  add_level2_command(app, program->commands, program->options);
  add_calibrate_command(app, program->commands, program->options);
  add_mapmake_command(app, program->commands, program->options);
  add_linemap_command(app, program->commands, program->options);
  add_transfer_command(app, program->commands, program->options);
  add_diff_command(app, program->commands, program->options);
  add_check_command(app, program->commands, program->options);
  add_report_command(app, program->commands, program->options);
  add_benchmark_command(app, program->commands, program->options);
  add_run_command(app, program->commands, program->options);
  add_config_command(app, program->commands, program->options);
  return program;
}

const Command& parsed_command(const Program& program) {
  const auto found = std::find_if(program.commands.begin(), program.commands.end(),
                                  [](const Command& command) { return command.app->parsed(); });
  if (found == program.commands.end()) throw Bug("no command was parsed");
  return *found;
}

std::string command_name(const Command& command) {
  const CLI::App* parent = command.app->get_parent();
  if (parent == nullptr || parent->get_parent() == nullptr) return command.app->get_name();
  return parent->get_name() + " " + command.app->get_name();
}

std::string version_text() {
  std::string text = fmt::format("comap_mpi {} (commit {})", software_version(), git_commit());
  auto libraries = library_versions();
  libraries.emplace_back("CLI11", CLI11_VERSION);
  libraries.emplace_back("HDF5", h5::library_version());
  libraries.emplace_back("libpqxx", sql::postgres_library_version());
  libraries.emplace_back("MPI", mpi::library_version());
  for (const auto& [name, version] : libraries) text += fmt::format("\n  {:<14} {}", name, version);
  return text;
}

}  // namespace comap
