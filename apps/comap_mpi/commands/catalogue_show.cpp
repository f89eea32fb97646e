#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "catalogue/inspect_file.hpp"
#include "catalogue/sql_connection.hpp"
#include "catalogue/sql_reading.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/error.hpp"
#include "probe.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

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

// ---- files

/// The fault in the content of a file that is there; empty when there is none.
std::string problem_of_content(const std::string& path, DataLevel level, std::int64_t obsid) {
  const FileFinding finding = inspect_files({{path, level}}, make_probe(ProbeDepth::headers)).at(0);
  if (finding.obsid != 0 && finding.obsid != obsid) return fmt::format("belongs to observation {}", finding.obsid);
  return sql::joined(finding.remarks, "; ");
}

std::vector<SqlValue> file_row(const char* column, const std::string& path, std::int64_t obsid) {
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::not_found) return {column, path, "missing", {}, {}};
  if (error) return {column, path, "unknown", {}, "cannot be looked at: " + error.message()};
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return {column, path, "bad", {}, "is not a file"};
  const DataLevel level = column == std::string("level2_path") ? DataLevel::level2 : DataLevel::level1;
  const std::string problem = problem_of_content(path, level, obsid);
  return {column, path, problem.empty() ? "good" : "bad", static_cast<std::int64_t>(bytes),
          problem.empty() ? SqlValue{} : SqlValue{problem}};
}

OutputTable file_table(std::int64_t obsid, const std::vector<Row>& rows) {
  OutputTable table = {"files", {"column", "path", "state", "bytes", "problem"}, {}};
  for (const Row& row : rows) {
    for (const char* column : {"level1_path", "level2_path", "old_level1_path"}) {
      const auto found = row.find(column);
      const std::string path = found == row.end() ? "" : sql::text_of(found->second);
      if (!path.empty()) table.rows.push_back(file_row(column, path, obsid));
    }
  }
  return table;
}

// ---- everything

OutputTable flag_count_table(Catalogue& catalogue, std::int64_t obsid) {
  const std::vector<QualityFlag> flags = catalogue.quality_flags({obsid}).at(obsid);
  const auto n_bad = std::count_if(flags.begin(), flags.end(), [](const QualityFlag& flag) { return !flag.is_good; });
  return {"flags", {"elements", "good", "bad"}, {{std::ssize(flags), std::ssize(flags) - n_bad, std::int64_t{n_bad}}}};
}

Tables show_tables(Catalogue& catalogue, std::int64_t obsid, OutputFormat format) {
  const std::optional<Row> row = catalogue.row(obsid);
  if (!row) throw sql::unknown_observation(catalogue.description(), obsid);
  std::vector<Row> with_paths = catalogue.rows_of("old_path_data", obsid);
  with_paths.insert(with_paths.begin(), *row);
  Tables tables = {single_row_table("comap_data", *row, format), file_table(obsid, with_paths)};
  for (const Row& summary : catalogue.rows_of("observation_summary", obsid)) {
    tables.push_back(single_row_table("observation_summary", summary, format));
  }
  tables.push_back(flag_count_table(catalogue, obsid));
  for (const char* name : {"quality_flags", "calibration_flux", "comap_calibration_frequency", "old_path_data"}) {
    const std::vector<Row> rows = catalogue.rows_of(name, obsid);
    if (!rows.empty()) tables.push_back(row_table(name, rows));
  }
  return tables;
}

}  // namespace

void add_catalogue_show(const CatalogueGroup& group) {
  const auto obsid = std::make_shared<std::int64_t>(0);
  CLI::App* app = add_catalogue_report(
      group, "show", "Everything known about one observation, its files looked into", "7206",
      [obsid](Catalogue& one, const CatalogueView& view) { return show_tables(one, *obsid, view.format); });
  add_obsid(*app, *obsid);
}

}  // namespace comap
