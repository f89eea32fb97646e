#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>

#include "catalogue/catalogue.hpp"
#include "catalogue/scan.hpp"
#include "command.hpp"
#include "core/error.hpp"
#include "core/rank_zero.hpp"
#include "table_output.hpp"

namespace comap {
namespace {

/// Options of the catalogue commands; each command uses its own.
struct CatalogueOptions {
  std::string format = "table";
  ScanOptions scan;
  std::int64_t obsid = 0;
};
using Options = std::shared_ptr<CatalogueOptions>;
using Tables = std::vector<OutputTable>;

SqlValue text_or_null(const std::string& text) { return text.empty() ? SqlValue{} : SqlValue{text}; }

/// Rank 0 opens the catalogue and answers; every rank gets its error.
int answer(const CommandContext& context, const Options& own, const std::function<Tables(Catalogue&)>& question) {
  run_on_rank_zero(context.world, [&] {
    const OutputFormat format = parse_output_format(own->format);
    const auto catalogue = open_catalogue(context.config.catalogue);
    print_tables(std::cout, question(*catalogue), format);
    std::cout.flush();
  });
  return kDone;
}

// ---- init

Tables initialize(Catalogue& catalogue, bool dry_run) {
  const std::vector<std::string> missing = catalogue.missing_tables();
  if (!dry_run) catalogue.initialize();
  OutputTable table = {"init", {"catalogue", "table", "action"}, {}};
  for (const std::string& name : missing) {
    table.rows.push_back({catalogue.description(), name, dry_run ? "would be created" : "created"});
  }
  if (missing.empty()) table.rows.push_back({catalogue.description(), "all", "already there"});
  return {table};
}

// ---- summary

OutputTable observation_table(const std::string& name, const std::vector<Observation>& observations) {
  OutputTable table = {name, {"obsid", "source", "source_group", "utc_start", "level1_path", "level2_path"}, {}};
  for (const Observation& one : observations) {
    table.rows.push_back({one.obsid, text_or_null(one.source), text_or_null(one.source_group),
                          text_or_null(one.utc_start), text_or_null(one.level1_path), text_or_null(one.level2_path)});
  }
  return table;
}

Tables summary_tables(Catalogue& catalogue) {
  const CatalogueSummary summary = catalogue.summary();
  OutputTable counts = {"observations", {"what", "count"}, {}};
  counts.rows = {{"observations", summary.n_observations},
                 {"with Level-1", summary.n_level1},
                 {"without Level-1", summary.n_observations - summary.n_level1},
                 {"with Level-2", summary.n_level2},
                 {"without Level-2", summary.n_observations - summary.n_level2}};
  OutputTable status = {"processing_status", {"status", "count"}, {}};
  for (const auto& [name, count] : summary.status) status.rows.push_back({name, count});
  OutputTable groups = {"source_groups", {"source_group", "count", "with_level2", "without_level2"}, {}};
  for (const auto& [name, count] : summary.source_groups) {
    groups.rows.push_back({text_or_null(name), count[0], count[1], count[0] - count[1]});
  }
  return {counts, status, groups, observation_table("latest", summary.latest)};
}

// ---- show

OutputTable row_table(const std::string& name, const std::vector<Row>& rows) {
  OutputTable table = {name, {}, {}};
  if (rows.empty()) return table;
  for (const auto& [column, value] : rows.front()) table.columns.push_back(column);
  for (const Row& row : rows) {
    std::vector<SqlValue> values;
    for (const auto& [column, value] : row) values.push_back(value);
    table.rows.push_back(std::move(values));
  }
  return table;
}

/// One row: for the eye a line for each column, for programs a row.
OutputTable single_row_table(const std::string& name, const Row& row, OutputFormat format) {
  if (format != OutputFormat::table) return row_table(name, {row});
  OutputTable table = {name, {"column", "value"}, {}};
  for (const auto& [column, value] : row) table.rows.push_back({column, value});
  return table;
}

std::string state_of_file(const std::string& path) {
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::not_found) return "missing";
  if (error) return "cannot be looked at: " + error.message();
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? "is not a file" : bytes == 0 ? "empty" : fmt::format("{} bytes", bytes);
}

OutputTable file_table(const Row& row) {
  OutputTable table = {"files", {"column", "path", "state"}, {}};
  for (const char* column : {"level1_path", "level2_path"}) {
    const auto found = row.find(column);
    if (found == row.end()) continue;
    const auto* path = std::get_if<std::string>(&found->second);
    if (path != nullptr && !path->empty()) table.rows.push_back({column, *path, state_of_file(*path)});
  }
  return table;
}

Tables show_tables(Catalogue& catalogue, std::int64_t obsid, OutputFormat format) {
  const std::optional<Row> row = catalogue.row(obsid);
  if (!row) {
    throw CatalogueError(fmt::format("catalogue {}: observation {} is not in it; run `comap_mpi catalogue scan`",
                                     catalogue.description(), obsid));
  }
  Tables tables = {single_row_table("comap_data", *row, format), file_table(*row)};
  for (const Row& summary : catalogue.rows_of("observation_summary", obsid)) {
    tables.push_back(single_row_table("observation_summary", summary, format));
  }
  for (const char* name : {"quality_flags", "calibration_flux", "old_path_data"}) {
    const std::vector<Row> rows = catalogue.rows_of(name, obsid);
    if (!rows.empty()) tables.push_back(row_table(name, rows));
  }
  return tables;
}

// ---- scan

Tables scan_tables(const ScanReport& report) {
  const auto count = [](std::size_t size) { return static_cast<std::int64_t>(size); };
  OutputTable counts = {"scan", {"what", "count"}, {}};
  counts.rows = {{"Level-1 files found", report.n_level1_files},
                 {"Level-2 files found", report.n_level2_files},
                 {"new observations", report.plan.n_new},
                 {"known observations seen", count(report.plan.rows.size()) - report.plan.n_new},
                 {"Level-1 paths moved", count(report.plan.moved.size())},
                 {"Level-2 paths registered", count(report.plan.level2.size())},
                 {"Level-2 paths cleared, file gone", count(report.plan.gone.size())},
                 {"problems", count(report.problems.size())}};
  OutputTable cleared = {"cleared", {"obsid"}, {}};
  for (const std::int64_t obsid : report.plan.gone) cleared.rows.push_back({obsid});
  OutputTable problems = {"problems", {"path", "reason"}, {}};
  for (const FileProblem& problem : report.problems) problems.rows.push_back({problem.path, problem.reason});
  return {counts, cleared, problems};
}

int scan(const CommandContext& context, const Options& own) {
  ScanOptions options = own->scan;
  options.dry_run = context.options.dry_run;
  if (options.level1_dirs.empty() && options.level2_dirs.empty()) {
    options.level1_dirs = context.config.run.level1_dirs;
    options.level2_dirs = context.config.run.level2_dirs;
  }
  std::unique_ptr<Catalogue> catalogue;
  run_on_rank_zero(context.world, [&] {
    parse_output_format(own->format);
    catalogue = open_catalogue(context.config.catalogue);
  });
  const ScanReport report = scan_files(catalogue.get(), options, context.world);
  run_on_rank_zero(context.world, [&] {
    print_tables(std::cout, scan_tables(report), parse_output_format(own->format));
    std::cout.flush();
  });
  return kDone;
}

CLI::App* add_leaf(CLI::App& parent, Commands& commands, GlobalOptions& options, const Options& own,
                   const std::string& name, const std::string& description, CommandFunction run) {
  CLI::App* app = add_leaf_command(parent, commands, name, description,
                                   "comap_mpi catalogue " + name + (name == "show" ? " 7206" : " comap.toml"),
                                   std::move(run), options);
  commands.back().needs_config = false;
  app->add_option("--format", own->format, "table, json or tsv")->capture_default_str();
  return app;
}

}  // namespace

void add_catalogue_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  CLI::App* catalogue = program.add_subcommand("catalogue", "The inventory of observations and files");
  catalogue->require_subcommand(1);
  const auto own = std::make_shared<CatalogueOptions>();
  add_leaf(*catalogue, commands, options, own, "init", "Create what is missing of the catalogue",
           [own](const CommandContext& context) {
             return answer(context, own, [&](Catalogue& one) { return initialize(one, context.options.dry_run); });
           });
  CLI::App* scan_app =
      add_leaf(*catalogue, commands, options, own, "scan", "Bring the catalogue in line with the files",
               [own](const CommandContext& context) { return scan(context, own); });
  scan_app->add_option("--level1", own->scan.level1_dirs, "Search Level-1 files here")
      ->expected(1, -1)
      ->type_name("DIR");
  scan_app->add_option("--level2", own->scan.level2_dirs, "Search Level-2 files here")
      ->expected(1, -1)
      ->type_name("DIR");
  scan_app->add_flag("--overwrite", own->scan.overwrite, "Replace columns and paths that are there");
  scan_app->add_flag("--clear-statistics", own->scan.clear_statistics,
                     "Clear statistics where the Level-2 file is gone");
  add_leaf(*catalogue, commands, options, own, "summary", "Counts of rows and files, latest rows",
           [own](const CommandContext& context) { return answer(context, own, summary_tables); });
  commands.back().writes_log = false;
  CLI::App* show = add_leaf(*catalogue, commands, options, own, "show", "Everything known about one observation",
                            [own](const CommandContext& context) {
                              return answer(context, own, [&](Catalogue& one) {
                                return show_tables(one, own->obsid, parse_output_format(own->format));
                              });
                            });
  commands.back().writes_log = false;
  show->add_option("OBSID", own->obsid, "Number of the observation")->required();
}

}  // namespace comap
