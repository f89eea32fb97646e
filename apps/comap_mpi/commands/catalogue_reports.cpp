#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "catalogue/observation_queries.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "sky/coordinates.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

double percent(std::int64_t part, std::int64_t all) {
  constexpr double kDigits = 100.0;
  if (all == 0) return 0.0;
  return std::round(kDigits * 100.0 * static_cast<double>(part) / static_cast<double>(all)) / kDigits;
}

// ---- missing-level2

struct MissingOptions {
  std::int64_t limit = sql::kAllRows;
  std::string by;
};

Tables missing_level2(Catalogue& catalogue, const MissingOptions& options) {
  if (options.by.empty()) {
    return {ask(catalogue, "missing_level2",
                [&](sql::Connection& connection) { return sql::without_level2(connection, options.limit); })};
  }
  const auto grouping = options.by == "source" ? sql::Grouping::source : sql::Grouping::source_group;
  OutputTable groups = ask(catalogue, "missing_level2",
                           [&](sql::Connection& connection) { return sql::level2_of_groups(connection, grouping); });
  groups.columns.emplace_back("missing_percent");
  for (auto& row : groups.rows) row.emplace_back(percent(sql::integer_of(row[3]), sql::integer_of(row[1])));
  return {groups};
}

void add_missing_level2(const CatalogueGroup& group) {
  const auto options = std::make_shared<MissingOptions>();
  CLI::App* app = add_catalogue_report(
      group, "missing-level2", "Observations that have no Level-2 file, or how many of each source or group",
      "--by source_group", [options](Catalogue& one, const CatalogueView&) { return missing_level2(one, *options); });
  app->add_option("--limit", options->limit, "Only the first of them")->transform(whole_number())->type_name("N");
  app->add_option("--by", options->by, "Totals and percent for each source or source_group")
      ->check(CLI::IsMember({"source", "source_group"}))
      ->type_name("COLUMN");
  app->add_flag_callback(
         "--csv", [format = group.format] { *format = "csv"; }, "The same as --format csv")
      ->excludes("--format");
}

// ---- path-search

void add_path_search(const CatalogueGroup& group) {
  const auto text = std::make_shared<std::string>();
  CLI::App* app = add_catalogue_report(
      group, "path-search", "Observations whose paths, also old ones, contain a text", "2022-09",
      [text](Catalogue& one, const CatalogueView&) -> Tables {
        if (text->empty()) throw ConfigError("path-search: the text to look for is empty");
        return {ask(one, "paths", [&](sql::Connection& connection) { return sql::path_search(connection, *text); })};
      });
  app->add_option("TEXT", *text, "Part of a path, taken as it is; large and small letters are the same")->required();
}

// ---- field-status

Tables field_status(Catalogue& catalogue, const std::string& name, bool sky_dips) {
  OutputTable sources = ask(catalogue, "sources",
                            [&](sql::Connection& connection) { return sql::field_status(connection, name, sky_dips); });
  std::int64_t n_total = 0, n_processed = 0;
  for (const auto& row : sources.rows) {
    n_total += sql::integer_of(row[1]);
    n_processed += sql::integer_of(row[2]);
  }
  if (sources.rows.empty()) log_warning("no source of the catalogue matches '{}'", name);
  OutputTable status = {"field_status", {"name", "total", "processed", "unprocessed", "processed_percent"}, {}};
  status.rows = {{name, n_total, n_processed, n_total - n_processed, percent(n_processed, n_total)}};
  return {status, sources};
}

void add_field_status(const CatalogueGroup& group) {
  struct Options {
    std::string name;
    bool sky_dips = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_catalogue_report(
      group, "field-status", "How many observations of a field are processed", "'Field*'",
      [options](Catalogue& one, const CatalogueView&) { return field_status(one, options->name, options->sky_dips); });
  app->add_option("NAME", options->name, "Source; * stands for any text, ? for one character")->required();
  app->add_flag("--sky-dips", options->sky_dips, "Also sky dips");
}

// ---- stale

/// MJD of a UTC date, with or without a time: 2024-01-31, 2024-01-31T12:00:00, 2024-01-31-12:00:00.
double parse_date(const std::string& date) {
  constexpr std::size_t kDateLength = 10;
  std::string text = date.ends_with('Z') ? date.substr(0, date.size() - 1) : date;
  if (text.size() == kDateLength) text += "-00:00:00";
  if (text.size() > kDateLength && (text[kDateLength] == 'T' || text[kDateLength] == ' ')) text[kDateLength] = '-';
  try {
    return parse_utc_start(text);
  } catch (const ObservationError&) {
    throw ConfigError(fmt::format("stale: '{}' is no date; expected YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, UTC", date));
  }
}

double modification_mjd(std::filesystem::file_time_type time) {
  constexpr double kMjdOfUnixZero = 40587.0;
  const auto system = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return kMjdOfUnixZero + std::chrono::duration<double>(system).count() / kSecondsPerDay;
}

struct FileAge {
  std::string state;  ///< "older" than the limit, "newer", "missing", or "unknown"
  SqlValue modified_utc;
};

FileAge age_of(const std::string& path, double limit_mjd) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) return {"missing", {}};
  if (error) {
    log_warning("{}: its age is not known: {}", path, error.message());
    return {"unknown", {}};
  }
  const double mjd = modification_mjd(time);
  return {mjd < limit_mjd ? "older" : "newer", format_utc_start(mjd)};
}

Tables stale_files(Catalogue& catalogue, const std::string& date, bool with_missing) {
  const double limit_mjd = parse_date(date);
  OutputTable stale = {"stale", {"obsid", "source", "state", "modified_utc", "level2_path"}, {}};
  const OutputTable registered =
      ask(catalogue, "paths", [](sql::Connection& connection) { return sql::registered_paths(connection, {}, true); });
  for (const auto& row : registered.rows) {
    const FileAge age = age_of(sql::text_of(row[2]), limit_mjd);
    const bool is_shown = age.state == "older" || (with_missing && age.state == "missing");
    if (is_shown) stale.rows.push_back({row[0], row[1], age.state, age.modified_utc, row[2]});
  }
  return {stale};
}

void add_stale(const CatalogueGroup& group) {
  struct Options {
    std::string date;
    bool missing = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* app = add_catalogue_report(
      group, "stale", "Level-2 files that were last changed before a date", "2024-06-01",
      [options](Catalogue& one, const CatalogueView&) { return stale_files(one, options->date, options->missing); });
  app->add_option("DATE", options->date, "YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, UTC")->required();
  app->add_flag("--missing", options->missing, "Also observations whose file is gone");
}

// ---- export-paths

struct ExportOptions {
  int level = 2;
  std::vector<std::string> source;
};

void export_paths(Catalogue& catalogue, const ExportOptions& options, const std::vector<std::int64_t>& obsids,
                  OutputFormat format) {
  SelectConfig selection;
  selection.source = options.source;
  OutputTable paths = ask(catalogue, "paths", [&](sql::Connection& connection) {
    return sql::registered_paths(connection, selection, options.level == 2);
  });
  std::erase_if(paths.rows, [&](const sql::Values& row) {
    return !obsids.empty() && std::ranges::find(obsids, sql::integer_of(row[0])) == obsids.end();
  });
  if (format == OutputFormat::table) {
    for (const auto& row : paths.rows) std::cout << sql::text_of(row[2]) << '\n';
  } else {
    print_tables(std::cout, {paths}, format);
  }
  std::cout.flush();
}

void add_export_paths(const CatalogueGroup& group) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* app =
      add_catalogue_leaf(group, "export-paths", "Registered paths, one in a line", "--level 2 --source TauA",
                         [options, format = group.format](const CommandContext& context) {
                           run_on_rank_zero(context.world, [&] {
                             const OutputFormat shown = parse_output_format(*format);
                             Catalogue catalogue(context.config.catalogue, CatalogueUse::look);
                             export_paths(catalogue, *options, context.options.obsids, shown);
                           });
                           return kDone;
                         });
  group.commands.back().writes_log = false;
  app->add_option("--level", options->level, "1 or 2")
      ->required()
      ->check(CLI::IsMember({1, 2}))
      ->transform(whole_number())
      ->type_name("LEVEL");
  app->add_option("--source", options->source, "Only these sources; * and ? as wildcards")->type_name("NAME...");
}

}  // namespace

void add_catalogue_reports(const CatalogueGroup& group) {
  add_missing_level2(group);
  add_path_search(group);
  add_field_status(group);
  add_stale(group);
  add_export_paths(group);
}

}  // namespace comap
