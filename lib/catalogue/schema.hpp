#pragma once
/// \file
/// Tables and columns of the catalogue. The names are those of the Python pipeline, whose SQLite files open as they
/// are; what is ours alone is in tables that start with `comap_`.

#include <string>
#include <string_view>
#include <vector>

#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// Version of the schema that this program writes.
inline constexpr std::int64_t kSchemaVersion = 1;

struct Column {
  std::string name;
  ColumnType type;
  std::string constraint = "";  ///< e.g. NOT NULL DEFAULT TRUE
};

struct Table {
  std::string name;
  bool numbered = false;         ///< has a column `id` that the database counts up
  std::vector<Column> columns;   ///< without `id`
  std::vector<std::string> key;  ///< columns that are unique together; the order of rows
};

inline constexpr const char* kObservations = "comap_data";
inline constexpr const char* kSummaries = "observation_summary";
inline constexpr const char* kQualityFlags = "quality_flags";
/// The Level-1 path that an observation had before its last change.
inline constexpr const char* kOldPaths = "old_path_data";
inline constexpr const char* kCalibrationFlux = "calibration_flux";
inline constexpr const char* kCalibrationModels = "calibration_model_fit";
/// Ours: the frequency at which a flux was measured, which calibration_flux has no column for.
inline constexpr const char* kCalibrationFrequencies = "comap_calibration_frequency";

/// Ours: which run works on which observation, the runs, and which run made the result of an observation.
inline constexpr const char* kClaims = "comap_claims";
inline constexpr const char* kRuns = "comap_runs";
inline constexpr const char* kCommits = "comap_commits";
inline constexpr const char* kResults = "comap_results";

/// The tables that hold the inventory, in an order in which they can be created.
const std::vector<Table>& tables();
/// The tables of this catalogue and its runs alone: they do not move with the inventory to another one.
const std::vector<Table>& own_tables();
/// One of either. Throws CatalogueError for a name that is no table of the catalogue.
const Table& table(std::string_view name);
/// All columns.
std::vector<std::string> column_names(const Table& table);
/// A temporary table with all columns.
TemporaryTable temporary_of(const Table& table, const std::string& name);
/// Throws CatalogueError for a name that is no column of the table.
const Column& column(const Table& table, std::string_view name);

/// Creates the tables (own ones too), columns and indexes that are missing, and notes the version. Within a
/// transaction.
void create_schema(Connection& connection);
/// Tables that are missing or lack columns. Within a transaction.
std::vector<std::string> missing_tables(Connection& connection);
/// A random name that tells this catalogue from others and goes with it to other places. It gets one where it has none.
/// Within a transaction that writes.
std::string identity_of(Connection& connection);
/// Throws CatalogueError when a newer program has changed the schema. Within a transaction.
void check_version(Connection& connection);

}  // namespace comap::sql
