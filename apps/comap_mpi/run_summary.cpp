#include "run_summary.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text_file.hpp"

namespace comap {

void write_run_summary(const CommandContext& context, const RunCost& cost, bool finished,
                       nlohmann::ordered_json summary) {
  if (!context.options.quiet) {
    fmt::print("\n{}", cost_table(cost));
    std::fflush(stdout);
  }
  summary["cost"] = to_json(cost);
  const std::filesystem::path directory = context.config.log.directory;
  try {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    write_text_file((directory / (cost.work.command + "_summary.json")).string(),
                    summary.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
    if (finished) append_run_cost(directory.string(), cost);
  } catch (const IoError& error) {
    log_warning("the summary of the run is lost: {}", error.what());
  }
}

std::int64_t total_bytes(const std::vector<std::string>& paths) {
  std::int64_t total = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (!error) total += static_cast<std::int64_t>(bytes);
  }
  return total;
}

}  // namespace comap
