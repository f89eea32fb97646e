#include "core/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.hpp"
#include "core/printable.hpp"

namespace comap {
namespace {

constexpr std::size_t kMostLine_bytes = 8000;  ///< of a line; names from files can be of any length

struct LogState {
  std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("comap", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  bool json = false;
};

LogState& state() {
  static LogState instance;
  return instance;
}

thread_local LogContext current_context;

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string text_line(std::string_view text) {
  const LogContext& context = current_context;
  std::string line;
  if (context.team >= 0) line += fmt::format("team {} ", context.team);
  if (context.rank >= 0) line += fmt::format("rank {} ", context.rank);
  if (context.obsid >= 0) line += fmt::format("obsid {} ", context.obsid);
  if (!context.stage.empty()) line += context.stage + ": ";
  return line.append(text);
}

std::string json_line(LogLevel level, std::string_view text) {
  const LogContext& context = current_context;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  nlohmann::ordered_json line;
  line["time_s"] = std::chrono::duration<double>(now).count();
  line["level"] = std::string_view(spdlog::level::to_string_view(to_spdlog(level)).data());
  if (context.team >= 0) line["team"] = context.team;
  if (context.rank >= 0) line["rank"] = context.rank;
  if (context.obsid >= 0) line["obsid"] = context.obsid;
  if (!context.stage.empty()) line["stage"] = context.stage;
  line["text"] = text;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void configure_log(const LogSettings& settings) {
  std::vector<spdlog::sink_ptr> sinks;
  if (settings.to_terminal) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    sinks.back()->set_level(to_spdlog(settings.terminal_level));
  }
  if (!settings.file.empty()) {
    try {
      sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file));
    } catch (const spdlog::spdlog_ex& error) {
      throw IoError(fmt::format("cannot write the log file {}: {}; set [log] directory", settings.file, error.what()));
    }
  }
  auto logger = std::make_shared<spdlog::logger>("comap", sinks.begin(), sinks.end());
  logger->set_pattern(settings.json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(to_spdlog(settings.level));
  logger->flush_on(spdlog::level::warn);
  state().logger = std::move(logger);
  state().json = settings.json;
}

void flush_log() { state().logger->flush(); }

LogLevel parse_log_level(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "info") return LogLevel::info;
  if (name == "warning") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  throw ConfigError(fmt::format("unknown log level '{}': use debug, info, warning or error", name));
}

void log_message(LogLevel level, std::string_view text) {
  const LogState& log = state();
  const auto spd_level = to_spdlog(level);
  if (!log.logger->should_log(spd_level)) return;
  const std::string line =
      log.json ? json_line(level, printable(text, kMostLine_bytes)) : printable(text_line(text), kMostLine_bytes);
  log.logger->log(spd_level, "{}", line);
}

ScopedLogContext::ScopedLogContext(LogContext context)
    : previous_(std::exchange(current_context, std::move(context))) {}

ScopedLogContext::~ScopedLogContext() { current_context = std::move(previous_); }

const LogContext& log_context() { return current_context; }

}  // namespace comap
