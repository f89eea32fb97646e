#include "archive/reconcile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "core/error.hpp"
#include "core/text_file.hpp"
#include "io/level1/level1_identity.hpp"

namespace comap {

namespace fs = std::filesystem;

namespace {

using FilesByObsid = std::map<std::int64_t, std::vector<std::string>>;

FilesByObsid by_obsid(const FoundFiles& found, std::vector<FileProblem>& problems) {
  FilesByObsid files;
  for (const std::string& path : found.paths) {
    const std::int64_t obsid = obsid_of_file_name(path);
    if (obsid <= 0) {
      problems.push_back({path, "has no obsid in its name (Level2_comap-NNNNNNN-...)"});
    } else if (path.find_first_of("\t\n") != std::string::npos) {
      problems.push_back({path, "has a tab or the end of a line in its name"});
    } else {
      files[obsid].push_back(path);
    }
  }
  return files;
}

bool is_same_file(const std::string& one, const std::string& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

/// The registered file is there: it joins those that were found unless it is one of them by another name.
void add_registered(std::vector<std::string>& files, const std::string& registered) {
  std::erase_if(files, [&](const std::string& path) { return is_same_file(path, registered); });
  files.push_back(registered);
  std::ranges::sort(files);
}

void compare(const Observation& row, std::vector<std::string>& files, ReconcileReport& report) {
  ++report.n_registered;
  switch (presence_of(row.level2_path)) {
    case Presence::there:
      return add_registered(files, row.level2_path);
    case Presence::unknown:
      report.problems.push_back({row.level2_path, "is registered but cannot be looked at; it stays registered"});
      return;
    case Presence::gone:
      if (files.empty()) {
        report.missing.push_back({row.obsid, row.level2_path, row.level1_path});
      } else {
        report.remapped.push_back({row.obsid, row.level2_path, files.front()});
      }
  }
}

}  // namespace

ReconcileReport reconcile(const FoundFiles& found, const std::vector<Observation>& rows) {
  ReconcileReport report;
  report.n_files = std::ssize(found.paths);
  report.problems = found.problems;
  FilesByObsid files = by_obsid(found, report.problems);
  std::set<std::int64_t> registered;
  for (const Observation& row : rows) {
    if (row.level2_path.empty()) continue;
    registered.insert(row.obsid);
    compare(row, files[row.obsid], report);
  }
  for (const auto& [obsid, paths] : files) {
    if (paths.size() > 1) report.duplicate[obsid] = paths;
    if (registered.contains(obsid)) continue;
    for (const std::string& path : paths) report.not_in_catalogue.emplace(obsid, path);
  }
  return report;
}

std::vector<std::string> write_reconcile_files(const std::string& directory, const ReconcileReport& report) {
  std::string missing, obsids, level1_paths, remapped, not_in_catalogue, duplicate;
  for (const MissingLevel2& row : report.missing) {
    missing += fmt::format("{}\t{}\n", row.obsid, row.level2_path);
    obsids += fmt::format("{}\n", row.obsid);
    if (!row.level1_path.empty()) level1_paths += row.level1_path + "\n";
  }
  for (const sql::PathChange& row : report.remapped) {
    remapped += fmt::format("{}\t{}\t{}\n", row.obsid, row.old_path, row.new_path);
  }
  for (const auto& [obsid, path] : report.not_in_catalogue) not_in_catalogue += fmt::format("{}\t{}\n", obsid, path);
  for (const auto& [obsid, paths] : report.duplicate) {
    duplicate += fmt::format("{}\t{}\n", obsid, sql::joined(paths, "\t"));
  }
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw IoError(fmt::format("{}: cannot be created: {}", directory, error.message()));
  std::vector<std::string> written;
  const auto write = [&](const char* name, const std::string& text) {
    written.push_back(fs::absolute(fs::path(directory) / name).lexically_normal().string());
    write_text_file(written.back(), text);
  };
  write("missing_level2_rows.tsv", missing);
  write("missing_level2_obsids.txt", obsids);
  write("missing_level2_level1_paths.txt", level1_paths);
  write("remapped_level2_rows.tsv", remapped);
  write("level2_files_not_in_db.tsv", not_in_catalogue);
  write("duplicate_level2_files.tsv", duplicate);
  return written;
}

void apply_reconcile(sql::Connection& connection, const ReconcileReport& report) {
  std::vector<sql::PathChange> changes = report.remapped;
  for (const MissingLevel2& row : report.missing) changes.push_back({row.obsid, row.level2_path, ""});
  sql::change_paths(connection, DataLevel::level2, changes);
}

}  // namespace comap
