#include "catalogue/sql_reading.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace comap::sql {

namespace {

/// A value in an existing file may not fit the type of the schema; it is then shown as it is.
SqlValue shown_as(const SqlValue& value, ColumnType type) {
  try {
    return as_type(value, type);
  } catch (const CatalogueError&) {
    return value;
  }
}

std::vector<std::string> present_columns(Connection& connection, const Table& table) {
  std::vector<std::string> present = connection.columns_of(table.name);
  std::erase_if(present, [&](const std::string& name) {
    return std::none_of(table.columns.begin(), table.columns.end(),
                        [&](const Column& column) { return column.name == name; });
  });
  return present;
}

}  // namespace

CatalogueError unknown_observation(const std::string& catalogue, std::int64_t obsid) {
  return CatalogueError(
      fmt::format("catalogue {}: observation {} is not in it; run `comap_mpi catalogue scan`", catalogue, obsid));
}

void require_observations(Connection& connection) {
  if (!connection.columns_of(kObservations).empty()) return;
  throw ConfigError(fmt::format(
      "catalogue {}: there is no table {}; create it with `comap_mpi catalogue init` or correct [catalogue] url",
      connection.description(), kObservations));
}

std::string readable_table(Connection& connection, const char* name) {
  const std::vector<Column>& known = table(name).columns;
  const std::vector<std::string> present = present_columns(connection, table(name));
  if (present.size() == known.size()) return name;
  std::vector<std::string> columns;
  for (const Column& one : known) {
    const bool is_there = std::find(present.begin(), present.end(), one.name) != present.end();
    columns.push_back(is_there
                          ? one.name
                          : fmt::format("CAST(NULL AS {}) AS {}", type_name(one.type, connection.dialect()), one.name));
  }
  return fmt::format("(SELECT {} {}) AS {}", joined(columns),
                     present.empty() ? std::string("WHERE 1 = 0") : fmt::format("FROM {}", name), name);
}

std::string observations_with_summary(Connection& connection) {
  return fmt::format("{0} LEFT JOIN {1} ON {2}.obsid = {0}.obsid", kObservations,
                     readable_table(connection, kSummaries), kSummaries);
}

std::vector<Row> rows_of(Connection& connection, const Table& table, std::int64_t obsid) {
  const std::vector<std::string> columns = present_columns(connection, table);
  std::vector<Row> rows;
  if (columns.empty()) return rows;
  column(table, "obsid");
  const std::string without_ground = table.name == kQualityFlags ? "AND pixel > 0 " : "";
  const Result result = connection.query(fmt::format("SELECT {} FROM {} WHERE obsid = $1 {}ORDER BY {}",
                                                     joined(columns), table.name, without_ground, joined(table.key)),
                                         {obsid});
  for (const Values& values : result.rows) {
    Row row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row[columns[i]] = shown_as(values[i], column(table, columns[i]).type);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string fill_obsids(Connection& connection, const std::vector<std::int64_t>& obsids) {
  static const TemporaryTable list = {"comap_list_of_obsids", {{"obsid", ColumnType::big_integer}}};
  std::vector<Values> rows;
  for (const std::int64_t obsid : std::set<std::int64_t>(obsids.begin(), obsids.end())) rows.push_back({obsid});
  connection.fill(list, rows);
  return list.name;
}

}  // namespace comap::sql
