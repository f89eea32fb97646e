#include "catalogue/catalogue_statistics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>

#include "commands/catalogue_commands.hpp"
#include "config/closest_name.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

struct StatisticsOptions {
  std::string kind;
  sql::StatisticsFilter filter;
};

/// Kinds that are about one number of observation_summary, the first of these columns, and may be limited by it.
struct MeasuredKind {
  std::string name;
  std::vector<std::string> columns;
};

const MeasuredKind* measured_kind(const std::string& name) {
  static const std::array<MeasuredKind, 3> kinds = {
      {{"tsys", {"median_tsys", "n_scans"}},
       {"tau", {"mean_tau", "n_scans"}},
       {"calibrator",
        {"calibrator_flux", "calibrator_flux_error", "calibrator_chi2", "pointing_offset_az", "pointing_offset_el",
         "pointing_offset_ra", "pointing_offset_dec"}}}};
  for (const MeasuredKind& kind : kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

OutputTable summary_table(Catalogue& catalogue, const sql::StatisticsFilter& filter) {
  OutputTable table = {"summary", {"quantity", "unit", "observations", "min", "median", "mean", "max"}, {}};
  catalogue.read([&](sql::Connection& connection) {
    table.rows.clear();
    for (const sql::Distribution& one : sql::summary_distributions(connection, filter)) {
      const bool is_empty = one.n_observations == 0;
      const auto value = [&](double number) { return is_empty ? SqlValue{} : SqlValue{number}; };
      table.rows.push_back({one.quantity, one.unit, one.n_observations, value(one.min), value(one.median),
                            value(one.mean), value(one.max)});
    }
  });
  return table;
}

/// Sums over the sources.
OutputTable status_totals(const OutputTable& sources) {
  OutputTable totals = {"status", {"status", "count"}, {}};
  for (std::size_t column = 2; column < sources.columns.size(); ++column) {
    std::int64_t count = 0;
    for (const auto& row : sources.rows) count += sql::integer_of(row[column]);
    totals.rows.push_back({sources.columns[column], count});
  }
  return totals;
}

/// Not a check of the command line, which would take a word that does not fit for a missing one.
void require_kind(const std::string& kind) {
  const std::vector<std::string> kinds = {"summary", "tsys", "tau", "calibrator", "failed", "status"};
  if (std::ranges::find(kinds, kind) != kinds.end()) return;
  throw ConfigError(
      fmt::format("statistics: there is no kind '{}'; did you mean '{}'?", kind, closest_name(kind, kinds)));
}

Tables statistics(Catalogue& catalogue, const StatisticsOptions& options) {
  require_kind(options.kind);
  const sql::StatisticsFilter& filter = options.filter;
  if (const MeasuredKind* kind = measured_kind(options.kind)) {
    OutputTable rows = ask(catalogue, options.kind, [&](sql::Connection& connection) {
      return sql::measured_observations(connection, kind->columns, filter);
    });
    if (rows.rows.empty()) log_warning("no observation of this selection has {}", kind->columns.front());
    return {rows};
  }
  if (filter.min || filter.max) {
    throw ConfigError(fmt::format("statistics {}: --min and --max go with tsys, tau and calibrator", options.kind));
  }
  if (options.kind == "summary") return {summary_table(catalogue, filter)};
  if (options.kind == "failed") {
    return {ask(catalogue, "failed",
                [&](sql::Connection& connection) { return sql::failed_observations(connection, filter); })};
  }
  OutputTable sources = ask(catalogue, "sources",
                            [&](sql::Connection& connection) { return sql::status_of_sources(connection, filter); });
  return {status_totals(sources), sources};
}

}  // namespace

void add_catalogue_statistics(const CatalogueGroup& group) {
  const auto options = std::make_shared<StatisticsOptions>();
  CLI::App* app = add_catalogue_report(
      group, "statistics", "Results of processing: system temperature, opacity, calibrators, failures",
      "tsys --min 60 --source 'Field*'",
      [options](Catalogue& one, const CatalogueView&) { return statistics(one, *options); });
  app->add_option("KIND", options->kind,
                  "summary: spread of every number; tsys, tau, calibrator: observations by median_tsys [K], mean_tau, "
                  "calibrator_flux [Jy]; failed: errors; status: counts")
      ->required()
      ->type_name("");
  app->add_option("--min", options->filter.min, "Only from this number on")->check(decimal_number())->type_name("X");
  app->add_option("--max", options->filter.max, "Only up to this number")->check(decimal_number())->type_name("X");
  app->add_option("--source", options->filter.source, "Only these sources; * and ? as wildcards")->type_name("NAME...");
  app->add_option("--limit", options->filter.limit, "Only the first rows")->transform(whole_number())->type_name("N");
}

}  // namespace comap
