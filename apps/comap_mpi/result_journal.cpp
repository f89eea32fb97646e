#include "result_journal.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/log.hpp"
#include "level2/catalogue_values.hpp"

namespace comap {

ResultJournal::ResultJournal(Catalogue& catalogue, const LogConfig& log)
    : catalogue_(catalogue), path_((std::filesystem::path(log.directory) / "unrecorded_results.jsonl").string()) {}

void ResultJournal::apply_left_over() {
  if (!std::filesystem::exists(path_)) return;
  std::ifstream file(path_);
  std::int64_t n_applied = 0;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) {
      log_warning("{}: an incomplete last line is left out", path_);
      continue;
    }
    catalogue_.record(result_from_json(json));
    ++n_applied;
  }
  std::filesystem::remove(path_);
  log_info("{}: recorded {} results that an earlier run could not record", path_, n_applied);
}

void ResultJournal::record(const ObservationResult& result) {
  try {
    catalogue_.record(result);
  } catch (const CatalogueError& error) {
    log_error("{}; the result is kept in {} and recorded by the next run", error.what(), path_);
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
    std::ofstream file(path_, std::ios::app);
    file << to_json(result).dump() << '\n' << std::flush;
    if (!file) throw IoError(path_ + ": cannot keep a result that the catalogue refused");
  }
}

}  // namespace comap
