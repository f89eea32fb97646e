// Commands that keep the catalogue true: merge, reconcile, remap, restore-from.
#include <fmt/core.h>

#include <filesystem>
#include <map>

#include "archive/reconcile.hpp"
#include "archive/remap.hpp"
#include "archive/restore.hpp"
#include "catalogue/merge.hpp"
#include "catalogue/sql_reading.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/error.hpp"
#include "probe.hpp"

namespace comap {
namespace {

using sql::Prefer;

constexpr auto kWhat = "what";
constexpr auto kCount = "count";

std::int64_t count(std::size_t size) { return static_cast<std::int64_t>(size); }

OutputTable problem_table(const std::vector<FileProblem>& problems) {
  OutputTable table = {"problems", {"path", "reason"}, {}};
  for (const FileProblem& problem : problems) table.rows.push_back({problem.path, problem.reason});
  return table;
}

/// A question or a change, as the command is a dry run or not.
void with_connection(Catalogue& catalogue, bool write, const std::function<void(sql::Connection&)>& work) {
  if (write) {
    catalogue.change(work);
  } else {
    catalogue.read(work);
  }
}

// ---- merge

Tables merge_tables(const sql::MergeReport& report) {
  OutputTable counts = {"merge", {"table", "rows", "new", "changed", "left_out"}, {}};
  OutputTable rows = {"rows", {"table", "key", "change"}, {}};
  for (const sql::TableMerge& one : report.tables) {
    counts.rows.push_back({one.table, one.n_rows, one.n_new, one.n_changed, one.n_left_out});
    for (const sql::MergedRow& row : one.first) {
      rows.rows.push_back({one.table, row.key, std::string(row.is_new ? "new" : "changed")});
    }
  }
  OutputTable problems = {"problems", {"table", "key", "reason"}, {}};
  for (const sql::MergeProblem& problem : report.problems) {
    problems.rows.push_back({problem.table, problem.key, problem.reason});
  }
  if (report.n_problems > std::ssize(report.problems)) {
    problems.name += fmt::format(" (first of {})", report.n_problems);
  }
  return {counts, rows, problems};
}

/// OTHER is a URL as in the configuration, or the name of an SQLite file. What has a colon and is no file is refused as
/// a URL, without being shown: it may be one with a password and a slip of the finger.
CatalogueConfig config_of_other(const CatalogueConfig& config, const std::string& other) {
  CatalogueConfig one = config;
  const bool is_file = other.find(':') == std::string::npos || std::filesystem::exists(other);
  one.url = is_file ? "sqlite:" + other : other;
  return one;
}

void require_another(const Catalogue& catalogue, const sql::Connection& other) {
  if (!other.exists()) throw ConfigError(fmt::format("catalogue {}: there is no such file", other.description()));
  constexpr std::string_view kSqlite = "sqlite:";
  const std::string ours = catalogue.description(), theirs = other.description();
  std::error_code error;
  const bool is_same_file =
      ours.starts_with(kSqlite) && theirs.starts_with(kSqlite) &&
      std::filesystem::equivalent(ours.substr(kSqlite.size()), theirs.substr(kSqlite.size()), error) && !error;
  if (is_same_file || ours == theirs) {
    throw ConfigError(fmt::format("catalogue merge: {} is the catalogue of the configuration itself", theirs));
  }
}

Prefer prefer_of(const std::string& name) {
  if (name == "primary") return Prefer::primary;
  if (name == "secondary") return Prefer::secondary;
  throw ConfigError(fmt::format("--prefer {}: expected primary (this catalogue) or secondary (the other)", name));
}

/// When the other catalogue goes away in between, both start again.
sql::MergeReport merge_once(sql::Connection& receiver, sql::Connection& other, const sql::MergeOptions& options) {
  try {
    sql::Transaction reading(other, sql::Access::read);
    if (other.dialect() == sql::Dialect::postgresql) other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    sql::check_version(other);
    sql::require_observations(other);
    return sql::merge(receiver, other, options);
  } catch (const sql::ConnectionLost&) {
    other.reconnect();
    throw;
  }
}

struct MergeArguments {
  std::string other;
  std::string prefer = "primary";
};

Tables merge(Catalogue& catalogue, const CatalogueView& view, bool write, const MergeArguments& arguments) {
  const sql::MergeOptions options = {prefer_of(arguments.prefer), write};
  const auto other =
      sql::open_connection(config_of_other(view.context.config.catalogue, arguments.other), sql::Access::read);
  require_another(catalogue, *other);
  sql::MergeReport report;
  with_connection(catalogue, write, [&](sql::Connection& receiver) { report = merge_once(receiver, *other, options); });
  return merge_tables(report);
}

void add_merge(const CatalogueGroup& group) {
  const auto own = std::make_shared<MergeArguments>();
  CLI::App* app = add_catalogue_change(
      group, "merge", "Take the rows of another catalogue into this one, value by value", "comap.toml old.db --write",
      [own](Catalogue& one, const CatalogueView& view, bool write) { return merge(one, view, write, *own); });
  app->add_option("OTHER", own->other, "sqlite:PATH, postgresql://..., or the name of an SQLite file")
      ->required()
      ->type_name("");
  app->add_option("--prefer", own->prefer, "Whose values stay where both have one: primary (this one) or secondary")
      ->capture_default_str();
}

// ---- reconcile

struct ReconcileArguments {
  std::vector<std::string> roots;
  std::string output_dir;
};

Tables reconcile_tables(const ReconcileReport& report, const std::vector<std::string>& files) {
  OutputTable counts = {"reconcile", {kWhat, kCount}, {}};
  counts.rows = {{"rows with a Level-2 path", report.n_registered},
                 {"Level-2 files found", report.n_files},
                 {"rows whose file is gone", count(report.missing.size())},
                 {"rows whose file has moved", count(report.remapped.size())},
                 {"files that are in no row", count(report.not_in_catalogue.size())},
                 {"observations with several files", count(report.duplicate.size())},
                 {"problems", count(report.problems.size())}};
  OutputTable missing = {"missing", {"obsid", "level2_path", "level1_path"}, {}};
  for (const MissingLevel2& row : report.missing) {
    missing.rows.push_back({row.obsid, row.level2_path, row.level1_path});
  }
  OutputTable remapped = {"remapped", {"obsid", "old_path", "new_path"}, {}};
  for (const sql::PathChange& row : report.remapped) remapped.rows.push_back({row.obsid, row.old_path, row.new_path});
  OutputTable not_in_catalogue = {"not_in_catalogue", {"obsid", "path"}, {}};
  for (const auto& [obsid, path] : report.not_in_catalogue) not_in_catalogue.rows.push_back({obsid, path});
  OutputTable duplicate = {"duplicate", {"obsid", "path"}, {}};
  for (const auto& [obsid, paths] : report.duplicate) {
    for (const std::string& path : paths) duplicate.rows.push_back({obsid, path});
  }
  OutputTable written = {"written", {"file"}, {}};
  for (const std::string& file : files) written.rows.push_back({file});
  return {counts, missing, remapped, not_in_catalogue, duplicate, problem_table(report.problems), written};
}

Tables reconcile_rows(Catalogue& catalogue, bool write, const ReconcileArguments& arguments) {
  const FoundFiles found = find_files(arguments.roots, DataLevel::level2);
  const ReconcileReport report = reconcile(found, catalogue.select({}));
  // The files first: they are what is left of the old paths.
  const std::vector<std::string> files = write_reconcile_files(arguments.output_dir, report);
  if (write) catalogue.change([&](sql::Connection& connection) { apply_reconcile(connection, report); });
  return reconcile_tables(report, files);
}

void add_reconcile(const CatalogueGroup& group) {
  const auto own = std::make_shared<ReconcileArguments>();
  CLI::App* app = add_catalogue_change(
      group, "reconcile", "Compare the names of Level-2 files on disk with the rows",
      "comap.toml --search-root /data/level2 --output-dir reconcile",
      [own](Catalogue& one, const CatalogueView&, bool write) { return reconcile_rows(one, write, *own); });
  app->add_option("--search-root", own->roots, "Search Level-2 files here")
      ->required()
      ->expected(1, -1)
      ->type_name("DIR");
  app->add_option("--output-dir", own->output_dir, "Directory for the six lists")->required()->type_name("DIR");
}

// ---- remap

Tables remap_tables(const sql::RemapPlan& plan, const sql::RemapOptions& options) {
  OutputTable counts = {"remap", {kWhat, kCount}, {}};
  counts.rows = {{"Level-1 paths", count(plan.level1.size())}, {"Level-2 paths", count(plan.level2.size())}};
  if (options.require_new_path_exists) counts.rows.push_back({"left, no such file", count(plan.left.size())});
  Tables tables = {counts};
  const std::map<std::string, const std::vector<sql::PathChange>*> lists = {
      {"level1_path", &plan.level1}, {"level2_path", &plan.level2}, {"left", &plan.left}};
  for (const auto& [name, changes] : lists) {
    OutputTable table = {name, {"obsid", "old_path", "new_path"}, {}};
    for (const sql::PathChange& one : *changes) table.rows.push_back({one.obsid, one.old_path, one.new_path});
    tables.push_back(std::move(table));
  }
  return tables;
}

Tables remap(Catalogue& catalogue, bool write, const sql::RemapOptions& options) {
  sql::RemapPlan plan;
  with_connection(catalogue, write, [&](sql::Connection& connection) {
    plan = sql::plan_remap(connection, options);
    if (!write) return;
    sql::change_paths(connection, DataLevel::level1, plan.level1);
    sql::change_paths(connection, DataLevel::level2, plan.level2);
  });
  return remap_tables(plan, options);
}

void add_remap(const CatalogueGroup& group) {
  const auto own = std::make_shared<sql::RemapOptions>();
  CLI::App* app =
      add_catalogue_change(group, "remap", "A directory has moved: change the start of paths",
                           "comap.toml --old-prefix /disk1/comap --new-prefix /disk2/comap",
                           [own](Catalogue& one, const CatalogueView&, bool write) { return remap(one, write, *own); });
  app->add_option("--old-prefix", own->old_prefix, "Directory at the start of the paths, whole components")
      ->required()
      ->type_name("DIR");
  app->add_option("--new-prefix", own->new_prefix, "What takes its place")->required()->type_name("DIR");
  app->add_flag("--require-new-path-exists", own->require_new_path_exists,
                "Leave paths that would lead to no file as they are, and list them");
}

// ---- restore-from

struct RestoreArguments {
  std::vector<std::string> files;
  bool overwrite = false;
};

FoundFiles without_deadly(FoundFiles found) {
  for (const auto& [path, reason] : make_probe(ProbeDepth::contents)(found.paths)) {
    found.problems.push_back({path, reason});
    std::erase(found.paths, path);
  }
  return found;
}

/// A pattern of the shell that matches nothing, a wrong directory, or nothing but bad files.
void require_a_file(std::size_t n_files, const std::vector<FileProblem>& problems) {
  if (n_files > 0) return;
  std::string first = problems.empty() ? "there is none below these directories"
                                       : fmt::format("{}: {}", problems.front().path, problems.front().reason);
  if (problems.size() > 1) first += fmt::format(", and {} others", problems.size() - 1);
  throw CatalogueError(fmt::format("catalogue restore-from: no Level-2 file that can be used: {}", first));
}

Tables restore(Catalogue& catalogue, bool write, const RestoreArguments& arguments) {
  const FoundFiles found = without_deadly(find_snapshots(arguments.files));
  require_a_file(found.paths.size(), found.problems);
  const sql::MergeOptions options = {arguments.overwrite ? Prefer::secondary : Prefer::primary, write};
  RestoreReport report;
  with_connection(catalogue, write,
                  [&](sql::Connection& connection) { report = restore_rows(connection, found, options); });
  require_a_file(static_cast<std::size_t>(report.n_restored), report.problems);
  Tables tables = merge_tables(report.merge);
  tables.front().name = "restore";
  tables.insert(tables.begin(), {"files",
                                 {kWhat, kCount},
                                 {{"files", count(found.paths.size())},
                                  {"observations restored", report.n_restored},
                                  {"files left out", count(report.problems.size())}}});
  tables.back().name = "left_out_values";
  tables.push_back(problem_table(report.problems));
  return tables;
}

void add_restore(const CatalogueGroup& group) {
  const auto own = std::make_shared<RestoreArguments>();
  CLI::App* app = add_catalogue_change(
      group, "restore-from", "Rebuild rows from the copies of them in Level-2 files", "comap.toml /data/level2 --write",
      [own](Catalogue& one, const CatalogueView&, bool write) { return restore(one, write, *own); });
  app->add_option("FILES", own->files, "Level-2 files, or directories that hold them")->required()->type_name("");
  app->add_flag("--overwrite", own->overwrite,
                "Replace values that are there; without it only what is empty is filled");
}

}  // namespace

void add_catalogue_maintenance(const CatalogueGroup& group) {
  add_reconcile(group);
  add_remap(group);
  add_merge(group);
  add_restore(group);
}

}  // namespace comap
