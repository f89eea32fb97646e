#include <fmt/core.h>

#include <iostream>
#include <memory>
#include <sstream>

#include "archive/scan.hpp"
#include "catalogue/catalogue.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "mpi/stop_signal.hpp"
#include "probe.hpp"

namespace comap {
namespace {

constexpr std::size_t kShownRows = 20;  // of each table of a change, for the eye

/// Says in the name of a table how many rows are left out.
void keep_first_rows(Tables& tables) {
  for (OutputTable& table : tables) {
    if (table.rows.size() <= kShownRows) continue;
    table.name += fmt::format(" (first {} of {})", kShownRows, table.rows.size());
    table.rows.resize(kShownRows);
  }
}

SqlValue text_or_null(const std::string& text) { return text.empty() ? SqlValue{} : SqlValue{text}; }

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

int scan(const CommandContext& context, const std::string& format, ScanOptions options) {
  const mpi::StopSignals signals;
  options.dry_run = context.options.dry_run;
  options.deadly_files = make_probe(ProbeDepth::headers);
  if (options.level1_dirs.empty() && options.level2_dirs.empty()) {
    options.level1_dirs = context.config.run.level1_dirs;
    options.level2_dirs = context.config.run.level2_dirs;
  }
  // A look at nothing would only clear what is not there at the moment.
  if (options.level1_dirs.empty() && options.level2_dirs.empty()) {
    throw ConfigError("scan: where? Name directories with --level1 and --level2, or in [run] level1_dirs, level2_dirs");
  }
  std::unique_ptr<Catalogue> catalogue;
  run_on_rank_zero(context.world, [&] {
    parse_output_format(format);
    catalogue = std::make_unique<Catalogue>(context.config.catalogue, CatalogueUse::create);
  });
  const ScanReport report = scan_files(catalogue.get(), options, context.world);
  run_on_rank_zero(context.world, [&] {
    print_tables(std::cout, scan_tables(report), parse_output_format(format));
    std::cout.flush();
  });
  return kDone;
}

}  // namespace

OutputTable ask(Catalogue& catalogue, const std::string& name, const CatalogueQuery& question) {
  sql::Result result;
  catalogue.read([&](sql::Connection& connection) { result = question(connection); });
  return {name, result.columns, std::move(result.rows)};
}

CLI::App* add_catalogue_leaf(const CatalogueGroup& group, const std::string& name, const std::string& description,
                             const std::string& arguments, CommandFunction run) {
  CLI::App* app =
      add_leaf_command(group.parent, group.commands, name, description,
                       fmt::format("comap_mpi {} {} {}", group.name, name, arguments), std::move(run), group.options);
  group.commands.back().needs_config = false;
  group.commands.back().needs_mpi = false;
  app->add_option("--format", *group.format, kOutputFormats)->capture_default_str();
  return app;
}

CLI::App* add_catalogue_report(const CatalogueGroup& group, const std::string& name, const std::string& description,
                               const std::string& arguments, CatalogueQuestion question, CatalogueUse use) {
  CLI::App* app =
      add_catalogue_leaf(group, name, description, arguments,
                         [format = group.format, question = std::move(question), use](const CommandContext& context) {
                           run_on_rank_zero(context.world, [&] {
                             const OutputFormat shown = parse_output_format(*format);
                             const bool only_looks = use == CatalogueUse::change && context.options.dry_run;
                             Catalogue catalogue(context.config.catalogue, only_looks ? CatalogueUse::look : use);
                             print_tables(std::cout, question(catalogue, {context, shown}), shown);
                             std::cout.flush();
                           });
                           return kDone;
                         });
  group.commands.back().writes_log = false;
  return app;
}

CLI::App* add_catalogue_change(const CatalogueGroup& group, const std::string& name, const std::string& description,
                               const std::string& arguments, CatalogueChange change) {
  const auto write = std::make_shared<bool>(false);
  CLI::App* app =
      add_catalogue_leaf(group, name, description, arguments,
                         [format = group.format, write, change = std::move(change)](const CommandContext& context) {
                           const bool is_written = *write && !context.options.dry_run;
                           run_on_rank_zero(context.world, [&] {
                             const OutputFormat shown = parse_output_format(*format);
                             const auto use = is_written ? CatalogueUse::change : CatalogueUse::look;
                             Catalogue catalogue(context.config.catalogue, use);
                             Tables tables = change(catalogue, {context, shown}, is_written);
                             if (shown == OutputFormat::table) keep_first_rows(tables);
                             print_tables(std::cout, tables, shown);
                             std::cout.flush();
                             if (!is_written) log_info("nothing was changed; --write does it");
                           });
                           return kDone;
                         });
  app->add_flag("--write", *write, "Do it, in one transaction; without it only show what would be done");
  return app;
}

void add_catalogue_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  CLI::App* catalogue = add_group(program, "catalogue", "The inventory of observations and files");
  const CatalogueGroup group{*catalogue, commands, options, "catalogue", std::make_shared<std::string>("table")};
  add_catalogue_report(
      group, "init", "Create what is missing of the catalogue", "comap.toml",
      [](Catalogue& one, const CatalogueView& view) { return initialize(one, view.context.options.dry_run); },
      CatalogueUse::create);
  commands.back().writes_log = true;
  const auto found = std::make_shared<ScanOptions>();
  CLI::App* scan_app = add_catalogue_leaf(
      group, "scan", "Bring the catalogue in line with the files", "comap.toml",
      [found, format = group.format](const CommandContext& context) { return scan(context, *format, *found); });
  scan_app->add_option("--level1", found->level1_dirs, "Search Level-1 files here")->expected(1, -1)->type_name("DIR");
  scan_app->add_option("--level2", found->level2_dirs, "Search Level-2 files here")->expected(1, -1)->type_name("DIR");
  scan_app->add_flag("--overwrite", found->overwrite, "Replace columns and paths that are there");
  scan_app->add_flag("--clear-statistics", found->clear_statistics, "Clear statistics where the Level-2 file is gone");
  add_catalogue_report(group, "summary", "Counts of rows and files, latest rows", "comap.toml",
                       [](Catalogue& one, const CatalogueView&) { return summary_tables(one); });
  add_catalogue_show(group);
  add_catalogue_reports(group);
  add_catalogue_target(group);
  add_catalogue_statistics(group);
  add_catalogue_flags(group);
  add_catalogue_maintenance(group);
  add_catalogue_verify(group);
}

}  // namespace comap
