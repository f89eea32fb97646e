#pragma once
/// \file
/// The log: the only global state of the program. A line carries time, level, team, rank, obsid, stage and text.

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace comap {

enum class LogLevel { debug, info, warning, error };

/// Where the lines go and what they look like. Called once by the program, after the ranks know each other.
struct LogSettings {
  LogLevel level = LogLevel::info;
  bool json = false;                          ///< JSON lines instead of text
  bool to_terminal = true;                    ///< standard error
  LogLevel terminal_level = LogLevel::debug;  ///< lines below it go to the file only
  std::string file;                           ///< appended to; empty = none. Directories are created.
};

/// The origin of a line; -1 and "" are left out.
struct LogContext {
  int rank = -1;
  int team = -1;
  std::int64_t obsid = -1;
  std::string stage;
};

/// Throws IoError when the file cannot be opened.
void configure_log(const LogSettings& settings);

/// Writes out what is buffered.
void flush_log();

LogLevel parse_log_level(std::string_view name);

/// One line, if its level is high enough. Use the templates below.
void log_message(LogLevel level, std::string_view text);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::debug, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::info, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::warning, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::error, fmt::vformat(format, fmt::make_format_args(args...)));
}

/// The context of the lines to come; restored when it goes out of scope.
class ScopedLogContext {
 public:
  explicit ScopedLogContext(LogContext context);
  ~ScopedLogContext();
  ScopedLogContext(const ScopedLogContext&) = delete;
  ScopedLogContext& operator=(const ScopedLogContext&) = delete;

 private:
  LogContext previous_;
};

const LogContext& log_context();

}  // namespace comap
