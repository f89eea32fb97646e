#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <new>

#include "config/closest_name.hpp"
#include "config/cross_checks.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/stopping.hpp"
#include "effective_config.hpp"
#include "mpi/end_of_run.hpp"
#include "mpi/environment.hpp"
#include "mpi/launcher.hpp"
#include "mpi/stop_signal.hpp"
#include "probe.hpp"
#include "program.hpp"

namespace comap {
namespace {

/// How long a rank that met an error waits for the others to meet theirs.
constexpr double kAgreementTimeout_s = 5.0;

struct EndReason {
  int exit_code = kError;
  std::string text;
};

void print_error(const std::string& text) { fmt::print(stderr, "comap_mpi: {}\n", text); }

std::string unknown_word(const char* kind, const std::string& word, const std::vector<std::string>& names) {
  return fmt::format("there is no {} '{}'; did you mean '{}'?\n", kind, word, closest_name(word, names));
}

bool is_data_file(const std::string& word) {
  constexpr std::array kEndings = {".hd5", ".hdf5", ".h5", ".fits", ".fits.gz"};
  return std::ranges::any_of(kEndings, [&](const char* ending) { return word.ends_with(ending); });
}

/// The option that is not known, or the word that stands where a command is missing, with the closest one; empty when
/// there is neither.
std::string unknown_name(const CLI::App& app) {
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  std::vector<std::string> commands, options;
  for (const CLI::App* command : deepest->get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  for (const CLI::App* level : {deepest, &app}) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
  }
  for (const std::string& word : app.remaining(true)) {
    if (word.starts_with("--")) return unknown_word("option", word.substr(0, word.find('=')), options);
    if (is_data_file(word)) {
      return fmt::format(
          "'{}' is a data file, not a configuration (*.toml): the catalogue knows the files ('comap_mpi "
          "catalogue scan'), or an option names them ('comap_mpi {} --help')\n",
          word, deepest->get_name());
    }
    if (!commands.empty() && !word.ends_with(".toml")) return unknown_word("command", word, commands);
  }
  return "";
}

int report_usage(const CLI::App& app, const CLI::ParseError& error, int& argc, char**& argv) {
  const bool is_error = error.get_exit_code() != 0;
  const mpi::Launch launch = mpi::read_launch();
  if (launch.rank == 0) {
    if (is_error) std::cerr << unknown_name(app);
    app.exit(error, std::cout, std::cerr);
    std::cout.flush();
  }
  if (!is_error) return kDone;
  // The launcher ends all processes when the first one fails: nobody passes this before rank 0 has printed.
  if (mpi::is_launched(launch)) const mpi::Environment environment(argc, argv);
  return kUsage;
}

std::string log_file(const LogConfig& config, const Command& command) {
  std::string name = command_name(command);
  std::replace(name.begin(), name.end(), ' ', '_');
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto file = fmt::format("comap_mpi_{}_{:%Y%m%dT%H%M%SZ}.log", name, fmt::gmtime(now));
  return (std::filesystem::path(config.directory) / file).string();
}

/// Rank 0 writes everything to terminal and file; the others warnings and errors to the terminal.
LogSettings log_settings(const LogConfig& config, const GlobalOptions& options, const Command& command, int rank) {
  LogSettings settings;
  settings.level = parse_log_level(config.level);
  settings.json = config.json;
  if (options.quiet) settings.terminal_level = LogLevel::error;
  if (rank == 0) {
    if (command.writes_log && !options.dry_run) settings.file = log_file(config, command);
  } else {
    settings.level = std::max(settings.level, LogLevel::warning);
  }
  return settings;
}

/// `note`: for the log.
EffectiveConfig prepare(const Program& program, const Command& command, const std::string& note,
                        const Communicator& world) {
  EffectiveConfig effective = load_config(program.options, command.needs_config, world);
  agree_on_config(world,
                  [&] { configure_log(log_settings(effective.config.log, program.options, command, world.rank())); });
  if (world.rank() == 0) {
    for (const std::string& warning : config_warnings(effective.config)) log_warning("{}", warning);
    if (!note.empty()) log_info("{}", note);
  }
  return effective;
}

/// The exception in hand.
EndReason error_in_hand() {
  try {
    throw;
  } catch (const ConfigError& error) {
    return {kUsage, error.what()};
  } catch (const Stopped& error) {
    return {kStopped, error.what()};
  } catch (const Error& error) {
    return {kError, error.what()};
  } catch (const Bug& error) {
    return {kError, fmt::format("error in the program, please report it: {}", error.what())};
  } catch (const std::bad_alloc&) {
    return {kError,
            "there is not enough memory for what was asked: use fewer ranks on a node, fewer observations, or "
            "[mapmake] memory_GB"};
  } catch (const std::exception& error) {
    return {kError, fmt::format("unexpected error: {}", error.what())};
  } catch (...) {
    return {kError, "unexpected error of unknown type"};
  }
}

/// A failure after a signal, e.g. waiting for a server that is not tried again, is the end that was asked for.
EndReason current_failure() {
  EndReason failure = error_in_hand();
  if (mpi::stop_requested()) failure.exit_code = kStopped;
  return failure;
}

/// Ends in good order when every rank met an error, which rank 0 reports; otherwise ends all ranks at once, since the
/// others may wait for this one.
int end_after(const EndReason& failure, const Communicator& world) {
  if (world.rank() == 0) log_error("{}", failure.text);
  flush_log();
  if (world.size() > 1 && !mpi::all_ranks_arrive(kAgreementTimeout_s)) {
    if (world.rank() != 0) log_error("{}", failure.text);
    log_error("rank {} ends the program: the other ranks cannot go on without it", world.rank());
    mpi::end_all_ranks(failure.exit_code);
  }
  return failure.exit_code;
}

int run_command(const Program& program, const Command& command, const std::string& note, const Communicator& world) {
  EffectiveConfig effective;
  try {
    effective = prepare(program, command, note, world);
  } catch (const ConfigError& error) {  // the same on every rank
    if (world.rank() == 0) print_error(error.what());
    return kUsage;
  }
  LogContext origin;
  if (world.size() > 1) origin.rank = world.rank();
  const ScopedLogContext context(origin);
  try {
    const int code = command.run({effective.config, effective.text, program.options, world});
    flush_log();
    return code;
  } catch (...) {
    return end_after(current_failure(), world);
  }
}

/// `comap_mpi help [COMMAND...]` is `comap_mpi [COMMAND...] --help`. In reverse order, as CLI11 wants them.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  std::ranges::reverse(words);
  return words;
}

int run_program(int argc, char** argv) {
  const auto program = make_program();
  try {
    program->app.parse(words_of(argc, argv));
  } catch (const CLI::ParseError& error) {
    return report_usage(program->app, error, argc, argv);
  }
  const mpi::Launch launch = mpi::read_launch();
  mpi::check_launcher(launch, mpi::mpi_family());
  const Command& command = parsed_command(*program);
  if (!command.needs_mpi && !mpi::is_launched(launch)) return run_command(*program, command, "", SerialCommunicator());
  const std::string note = mpi::allocation_note();
  const mpi::Environment environment(argc, argv);
  return environment.finish(run_command(*program, command, note, environment.world()));
}

}  // namespace
}  // namespace comap

int main(int argc, char** argv) {
  const bool speaks = comap::mpi::speaks_for_all(comap::mpi::read_launch());
  try {
    if (comap::is_probe(argc, argv)) return comap::run_probe(argc, argv);
    return comap::run_program(argc, argv);
  } catch (...) {
    const comap::EndReason failure = comap::current_failure();
    if (speaks) comap::print_error(failure.text);
    return failure.exit_code;
  }
}
