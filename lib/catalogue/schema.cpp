#include "catalogue/schema.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/log.hpp"

namespace comap::sql {

namespace {

constexpr auto kOwnTable = "comap_schema";
constexpr std::int64_t kSchemaLock = 0x636f6d6170;  // any number that all programs agree on
constexpr auto kReference = "NOT NULL REFERENCES comap_data (obsid)";

struct Index {
  const char* name;
  const char* table;
  const char* column;
  const char* condition = "";  ///< on the rows that are in it
};
constexpr Index kIndexes[] = {{"comap_index_source", kObservations, "source"},
                              {"comap_index_source_group", kObservations, "source_group"},
                              {"comap_index_level1_path", kObservations, "level1_path"},
                              {"comap_index_level2_path", kObservations, "level2_path"},
                              {"comap_index_bad_flags", kQualityFlags, "obsid", " WHERE is_good = FALSE"}};

Table observations() {
  using enum ColumnType;
  return {kObservations,
          false,
          {{"obsid", big_integer, "PRIMARY KEY"},
           {"level1_path", text},
           {"level2_path", text},
           {"bof", text},
           {"bw", floating},
           {"coeff_iq", integer},
           {"features", integer},
           {"fft_shift", integer},
           {"instrument", text},
           {"iqcalid", integer},
           {"level", integer},
           {"nbit", integer},
           {"nchan", integer},
           {"nint", integer},
           {"pixels", text},
           {"platform", text},
           {"source", text},
           {"source_group", text},
           {"telescope", text},
           {"tsamp", floating},
           {"utc_start", text},
           {"version", text}},
          {"obsid"}};
}

Table summaries() {
  using enum ColumnType;
  return {kSummaries,
          false,
          {{"obsid", big_integer, "PRIMARY KEY REFERENCES comap_data (obsid)"},
           {"processing_status", text},
           {"processing_error", text},
           {"median_tsys", floating},
           {"mean_tau", floating},
           {"calibrator_flux", floating},
           {"calibrator_flux_error", floating},
           {"calibrator_chi2", floating},
           {"pointing_offset_az", floating},
           {"pointing_offset_el", floating},
           {"pointing_offset_ra", floating},
           {"pointing_offset_dec", floating},
           {"n_scans", integer}},
          {"obsid"}};
}

Table quality_flags() {
  using enum ColumnType;
  return {kQualityFlags,
          true,
          {{"obsid", big_integer, kReference},
           {"pixel", integer, "NOT NULL"},
           {"frequency_band", integer, "NOT NULL"},
           {"is_good", boolean, "NOT NULL DEFAULT TRUE"},
           {"comment", text},
           {"filtered_red_noise", floating},
           {"filtered_white_noise", floating},
           {"filtered_auto_rms", floating},
           {"filtered_noise_index", floating},
           {"unfiltered_red_noise", floating},
           {"unfiltered_white_noise", floating},
           {"unfiltered_auto_rms", floating},
           {"unfiltered_noise_index", floating},
           {"n_spikes", integer},
           {"n_nan_values", integer},
           {"mean_atm_temp", floating},
           {"flag_source", text}},
          {"obsid", "pixel", "frequency_band"}};
}

Table calibration_flux() {
  using enum ColumnType;
  return {kCalibrationFlux,
          true,
          {{"obsid", big_integer, kReference},
           {"feed", integer, "NOT NULL"},
           {"band", integer, "NOT NULL"},
           {"channel", integer, "NOT NULL"},
           {"mjd", floating},
           {"source", text},
           {"measured_flux", floating},
           {"flux_error", floating},
           {"amplitude", floating},
           {"chi2", floating}},
          {"obsid", "feed", "band", "channel"}};
}

Table calibration_frequency() {
  using enum ColumnType;
  return {kCalibrationFrequencies,
          true,
          {{"obsid", big_integer, kReference},
           {"feed", integer, "NOT NULL"},
           {"band", integer, "NOT NULL"},
           {"channel", integer, "NOT NULL"},
           {"frequency_ghz", floating}},
          {"obsid", "feed", "band", "channel"}};
}

Table calibration_model_fit() {
  using enum ColumnType;
  return {kCalibrationModels,
          true,
          {{"feed", integer, "NOT NULL"},
           {"band", integer, "NOT NULL"},
           {"channel", integer, "NOT NULL"},
           {"source", text},
           {"model_type", text},
           {"poly_coeffs", text},
           {"nearest_mjds", text},
           {"nearest_gains", text},
           {"fit_rms", floating},
           {"n_observations", integer},
           {"updated_at", text}},
          {"feed", "band", "channel"}};
}

Table old_path_data() {
  using enum ColumnType;
  return {"old_path_data", false, {{"obsid", big_integer, "PRIMARY KEY"}, {"old_level1_path", text}}, {"obsid"}};
}

Table claims() {
  using enum ColumnType;
  return {kClaims,
          false,
          {{"obsid", big_integer, "PRIMARY KEY"},
           {"run_id", text, "NOT NULL"},
           {"claimed_at", text, "NOT NULL"},
           {"expires_at", text, "NOT NULL"}},
          {"obsid"}};
}

Table runs() {
  using enum ColumnType;
  return {kRuns,
          false,
          {{"run_id", text, "PRIMARY KEY"},
           {"command", text},
           {"host", text},
           {"pid", integer},
           {"process", text},
           {"job", text},
           {"version", text},
           {"config_hash", text},
           {"started_at", text},
           {"ended_at", text},
           {"n_done", integer},
           {"n_failed", integer},
           {"n_left", integer}},
          {"run_id"}};
}

Table results() {
  using enum ColumnType;
  return {kResults, false, {{"obsid", big_integer, "PRIMARY KEY"}, {"run_id", text}, {"recorded_at", text}}, {"obsid"}};
}

/// The table by which servers tell of a commit whose answer got lost.
Table commits() {
  using enum ColumnType;
  return {kCommits,
          false,
          {{"session", text, "PRIMARY KEY"}, {"number", big_integer, "NOT NULL"}, {"committed_at", text, "NOT NULL"}},
          {"session"}};
}

std::string definition(const Column& column, Dialect dialect) {
  const std::string separator = column.constraint.empty() ? "" : " ";
  return column.name + " " + type_name(column.type, dialect) + separator + column.constraint;
}

std::string create_statement(const Table& table, Dialect dialect) {
  std::vector<std::string> parts;
  if (table.numbered) {
    parts.emplace_back(dialect == Dialect::sqlite ? "id INTEGER PRIMARY KEY"
                                                  : "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
  }
  for (const Column& column : table.columns) parts.push_back(definition(column, dialect));
  if (table.numbered) parts.push_back(fmt::format("UNIQUE ({})", joined(table.key)));
  return fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", table.name, joined(parts));
}

std::vector<Column> missing_columns(Connection& connection, const Table& table) {
  const std::vector<std::string> present = connection.columns_of(table.name);
  std::vector<Column> missing;
  for (const Column& column : table.columns) {
    if (std::find(present.begin(), present.end(), column.name) == present.end()) missing.push_back(column);
  }
  return missing;
}

void complete_table(Connection& connection, const Table& table) {
  if (connection.columns_of(table.name).empty()) {
    connection.execute(create_statement(table, connection.dialect()));
    return;
  }
  for (const Column& column : missing_columns(connection, table)) {
    log_info("catalogue {}: adding column {} to table {}", connection.description(), column.name, table.name);
    connection.execute(
        fmt::format("ALTER TABLE {} ADD COLUMN {}", table.name, definition(column, connection.dialect())));
  }
}

void note_version(Connection& connection) {
  connection.execute(fmt::format("CREATE TABLE IF NOT EXISTS {} (name {} PRIMARY KEY, value {})", kOwnTable,
                                 type_name(ColumnType::text, connection.dialect()),
                                 type_name(ColumnType::text, connection.dialect())));
  connection.execute(fmt::format("INSERT INTO {} (name, value) VALUES ('version', $1) ON CONFLICT (name) DO UPDATE SET "
                                 "value = excluded.value WHERE {}.value <> excluded.value",
                                 kOwnTable, kOwnTable),
                     {std::to_string(kSchemaVersion)});
  identity_of(connection);
}

}  // namespace

const std::vector<Table>& tables() {
  static const std::vector<Table> all = {
      observations(),          summaries(),     quality_flags(),        calibration_flux(),
      calibration_model_fit(), old_path_data(), calibration_frequency()};
  return all;
}

const std::vector<Table>& own_tables() {
  static const std::vector<Table> all = {runs(), claims(), results(), commits()};
  return all;
}

const Table& table(std::string_view name) {
  for (const auto* list : {&tables(), &own_tables()}) {
    const auto found = std::find_if(list->begin(), list->end(), [&](const Table& one) { return one.name == name; });
    if (found != list->end()) return *found;
  }
  throw CatalogueError(fmt::format("the catalogue has no table '{}'", name));
}

std::vector<std::string> column_names(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

TemporaryTable temporary_of(const Table& table, const std::string& name) {
  TemporaryTable temporary = {name, {}};
  for (const Column& column : table.columns) temporary.columns.emplace_back(column.name, column.type);
  return temporary;
}

const Column& column(const Table& table, std::string_view name) {
  const auto found =
      std::find_if(table.columns.begin(), table.columns.end(), [&](const Column& one) { return one.name == name; });
  if (found == table.columns.end()) {
    throw CatalogueError(fmt::format("table {} of the catalogue has no column '{}'", table.name, name));
  }
  return *found;
}

void create_schema(Connection& connection) {
  if (connection.dialect() == Dialect::postgresql) {
    connection.query("SELECT pg_advisory_xact_lock($1)", {kSchemaLock});
  }
  check_version(connection);
  for (const auto* list : {&tables(), &own_tables()}) {
    for (const Table& table : *list) complete_table(connection, table);
  }
  for (const Index& index : kIndexes) {
    connection.execute(fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({}){}", index.name, index.table, index.column,
                                   index.condition));
  }
  note_version(connection);
}

std::vector<std::string> missing_tables(Connection& connection) {
  std::vector<std::string> missing;
  for (const auto* list : {&tables(), &own_tables()}) {
    for (const Table& one : *list) {
      if (!missing_columns(connection, one).empty()) missing.push_back(one.name);
    }
  }
  return missing;
}

std::string identity_of(Connection& connection) {
  connection.execute(
      fmt::format("INSERT INTO {} (name, value) VALUES ('identity', $1) ON CONFLICT DO NOTHING", kOwnTable),
      {random_name()});
  return text_of(
      connection.query(fmt::format("SELECT value FROM {} WHERE name = 'identity'", kOwnTable)).rows.at(0).at(0));
}

void check_version(Connection& connection) {
  if (connection.columns_of(kOwnTable).empty()) return;
  const Result version = connection.query(fmt::format("SELECT value FROM {} WHERE name = 'version'", kOwnTable));
  if (version.rows.empty() || integer_of(version.rows[0][0]) <= kSchemaVersion) return;
  throw CatalogueError(fmt::format(
      "catalogue {}: its schema has version {}, this program knows version {}; use the newer comap_mpi that wrote it",
      connection.description(), text_of(version.rows[0][0]), kSchemaVersion));
}

}  // namespace comap::sql
