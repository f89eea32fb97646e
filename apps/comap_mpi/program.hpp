#pragma once
/// \file
/// The command line as a whole: global options and commands.

#include <memory>
#include <string>

#include "command.hpp"

namespace comap {

struct Program {
  CLI::App app;
  GlobalOptions options;
  Commands commands;
};

/// A command line with all commands, not parsed yet.
std::unique_ptr<Program> make_program();

/// The command that was parsed. Throws Bug before parsing.
const Command& parsed_command(const Program& program);

/// The words of a command, e.g. "catalogue scan".
std::string command_name(const Command& command);

/// Program, commit and libraries.
std::string version_text();

}  // namespace comap
