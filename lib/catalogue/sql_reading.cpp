#include "catalogue/sql_reading.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "catalogue/sql_condition.hpp"

namespace comap::sql {

namespace {

constexpr std::int64_t kLatestRows = 10;
constexpr std::array<const char*, 6> kObservationColumns = {"obsid",       "source",      "source_group",
                                                            "level1_path", "level2_path", "utc_start"};

Observation observation_of(const Values& row) {
  return {integer_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3]), text_of(row[4]), text_of(row[5])};
}

std::vector<Observation> observations_of(const Result& result) {
  std::vector<Observation> observations;
  for (const Values& row : result.rows) observations.push_back(observation_of(row));
  return observations;
}

/// What an existing file holds may not fit the type of the schema; it is then shown as it is.
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

/// Names of kObservationColumns. Throws CatalogueError when the table is not there or lacks one of them.
std::string observation_columns(Connection& connection) {
  require_observations(connection);
  const std::vector<std::string> present = connection.columns_of(kObservations);
  for (const char* name : kObservationColumns) {
    if (std::ranges::find(present, name) != present.end()) continue;
    throw CatalogueError(fmt::format("catalogue {}: table {} has no column {}; `comap_mpi catalogue init` adds it",
                                     connection.description(), kObservations, name));
  }
  return joined({kObservationColumns.begin(), kObservationColumns.end()});
}

}  // namespace

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

std::vector<Observation> select(Connection& connection, const SelectConfig& selection,
                                const std::vector<std::int64_t>& obsids) {
  const std::string columns = observation_columns(connection);
  Condition where(connection.dialect());
  where.require_selection(selection);
  if (!obsids.empty()) {
    where.require(fmt::format("obsid IN (SELECT obsid FROM {})", fill_obsids(connection, obsids)));
  }
  return observations_of(connection.query(
      fmt::format("SELECT {} FROM {} WHERE {} ORDER BY obsid", columns, kObservations, where.text), where.parameters));
}

std::vector<std::int64_t> unknown_obsids(Connection& connection, const std::vector<std::int64_t>& obsids) {
  std::vector<std::int64_t> unknown;
  const std::string list = fill_obsids(connection, obsids);
  const Result result = connection.query(fmt::format(
      "SELECT obsid FROM {} WHERE obsid NOT IN (SELECT obsid FROM {}) ORDER BY obsid", list, kObservations));
  for (const Values& row : result.rows) unknown.push_back(integer_of(row[0]));
  return unknown;
}

CatalogueSummary summarize(Connection& connection) {
  const std::string columns = observation_columns(connection);
  CatalogueSummary summary;
  const Result counts = connection.query(fmt::format(
      "SELECT count(*), count(NULLIF(level1_path, '')), count(NULLIF(level2_path, '')) FROM {}", kObservations));
  summary.n_observations = integer_of(counts.rows[0][0]);
  summary.n_level1 = integer_of(counts.rows[0][1]);
  summary.n_level2 = integer_of(counts.rows[0][2]);
  const bool has_status = !connection.columns_of(kSummaries).empty();
  const Result states = connection.query(
      has_status ? "SELECT COALESCE(s.processing_status, 'pending'), count(*) FROM comap_data d LEFT JOIN "
                   "observation_summary s ON s.obsid = d.obsid GROUP BY 1"
                 : "SELECT 'pending', count(*) FROM comap_data");
  for (const Values& row : states.rows) summary.status[text_of(row[0])] = integer_of(row[1]);
  const Result groups = connection.query(
      "SELECT COALESCE(source_group, ''), count(*), count(NULLIF(level2_path, '')) FROM comap_data GROUP BY 1");
  for (const Values& row : groups.rows) {
    summary.source_groups[text_of(row[0])] = {integer_of(row[1]), integer_of(row[2])};
  }
  summary.latest = observations_of(connection.query(
      fmt::format("SELECT {} FROM {} ORDER BY obsid DESC LIMIT $1", columns, kObservations), {kLatestRows}));
  return summary;
}

}  // namespace comap::sql
