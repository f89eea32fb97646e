#include "catalogue/file_search.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "catalogue/sql_connection.hpp"
#include "core/error.hpp"

namespace comap {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEnding = ".hd5";
constexpr std::string_view kInstrument = "comap";
constexpr std::string_view kLevel2Prefix = "Level2_";

bool is_wanted(const std::string& name, DataLevel level) {
  if (!name.ends_with(kEnding)) return false;
  if (level == DataLevel::level2) return name.starts_with(std::string(kLevel2Prefix) + std::string(kInstrument) + "-");
  return !name.starts_with(kLevel2Prefix) && name.find(kInstrument) != std::string::npos;
}

/// False for a broken link, a circle of links, and what cannot be looked at.
bool is_known(const fs::file_status& status) {
  return status.type() != fs::file_type::not_found && status.type() != fs::file_type::none;
}

class Search {
 public:
  explicit Search(DataLevel level) : level_(level) {}

  void visit_directory(const fs::path& directory) {
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    if (error) return report(directory, "cannot be opened: " + error.message());
    if (!seen_.insert(real.string()).second) return;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      entries.push_back(entry->path());
    }
    if (error) report(directory, "cannot be read to its end: " + error.message());
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries) visit(entry);
  }

  FoundFiles result() {
    std::sort(found_.paths.begin(), found_.paths.end());
    return std::move(found_);
  }

 private:
  void visit(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::directory) return visit_directory(path);
    const std::string name = path.filename().string();
    if (!is_wanted(name, level_)) {
      if (!is_known(status) && !name.ends_with(kEnding)) {
        report(path, "leads nowhere; if it was a directory, the files in it are not found");
      }
      return;
    }
    if (status.type() == fs::file_type::not_found) return report(path, "is a link to a file that does not exist");
    if (error) return report(path, "cannot be looked at: " + error.message());
    if (status.type() != fs::file_type::regular) return report(path, "is not a regular file");
    const fs::path real = fs::canonical(path, error);
    if (error) return report(path, "cannot be looked at: " + error.message());
    if (sql::storable_text(path.string()) != path.string()) return report(path, "has a name that is not UTF-8");
    if (seen_.insert(real.string()).second) found_.paths.push_back(path.string());
  }

  void report(const fs::path& path, const std::string& reason) { found_.problems.push_back({path.string(), reason}); }

  DataLevel level_;
  std::set<std::string> seen_;  // canonical paths of files and directories
  FoundFiles found_;
};

}  // namespace

Presence presence_of(const std::string& path) {
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::not_found) return Presence::gone;
  return error ? Presence::unknown : Presence::there;
}

FoundFiles find_files(const std::vector<std::string>& directories, DataLevel level) {
  Search search(level);
  for (const std::string& directory : directories) {
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
      throw CatalogueError(fmt::format("{} is not a directory; is its disk mounted?", directory));
    }
    search.visit_directory(fs::absolute(directory).lexically_normal());
  }
  return search.result();
}

}  // namespace comap
