#include "catalogue/sql_writing.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <set>

#include "catalogue/catalogue.hpp"
#include "catalogue/file_search.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"

namespace comap {
namespace sql {

namespace {

constexpr auto kPending = "pending";
constexpr auto kComplete = "complete";
constexpr auto kFailed = "failed";

bool is_flag_identity(const std::string& column) {
  return column == "obsid" || column == "pixel" || column == "frequency_band" || column == "is_good" ||
         column == "comment" || column == "flag_source";
}

SqlValue fitted(const Table& table, const std::string& name, const SqlValue& value, std::int64_t obsid) {
  const ColumnType type = column(table, name).type;
  try {
    return as_type(value, type);
  } catch (const CatalogueError& error) {
    throw CatalogueError(fmt::format("{}.{} of observation {}: {}", table.name, name, obsid, error.what()));
  }
}

// ---- comap_data

std::int64_t obsid_of(const Row& row) {
  const auto found = row.find("obsid");
  const std::int64_t obsid = found == row.end() ? 0 : integer_of(found->second);
  if (obsid <= 0) throw CatalogueError("a row for comap_data has no obsid");
  return obsid;
}

/// In order of obsid; of rows with the same obsid the last stays.
std::vector<Values> values_of(const std::vector<Row>& rows) {
  const Table& observations = table(kObservations);
  std::map<std::int64_t, Values> by_obsid;
  for (const Row& row : rows) {
    const std::int64_t obsid = obsid_of(row);
    for (const auto& [name, value] : row) column(observations, name);
    Values& values = by_obsid[obsid];
    values.clear();
    for (const Column& one : observations.columns) {
      const auto found = row.find(one.name);
      values.push_back(found == row.end() ? SqlValue{} : fitted(observations, one.name, found->second, obsid));
    }
  }
  std::vector<Values> ordered;
  for (auto& [obsid, values] : by_obsid) ordered.push_back(std::move(values));
  return ordered;
}

/// UPDATE of rows that are there, touching only those that change.
std::string update_statement(const std::string& source, bool overwrite) {
  std::vector<std::string> settings, differences;
  for (const Column& one : table(kObservations).columns) {
    if (one.name == "obsid") continue;
    const std::string ours = fmt::format("{}.{}", kObservations, one.name);
    const std::string theirs = "new." + one.name;
    const std::string value =
        overwrite ? fmt::format("COALESCE({}, {})", theirs, ours) : fmt::format("COALESCE({}, {})", ours, theirs);
    settings.push_back(fmt::format("{} = {}", one.name, value));
    differences.push_back(fmt::format("{} IS DISTINCT FROM {}", ours, value));
  }
  return fmt::format("UPDATE {0} SET {1} FROM {2} AS new WHERE new.obsid = {0}.obsid AND ({3})", kObservations,
                     joined(settings), source, joined(differences, " OR "));
}

std::string insert_statement(const std::string& source) {
  return fmt::format(
      "INSERT INTO {0} ({1}) SELECT {1} FROM {2} WHERE obsid NOT IN (SELECT obsid FROM {0}) ORDER BY obsid "
      "ON CONFLICT DO NOTHING",
      kObservations, joined(column_names(table(kObservations))), source);
}

// ---- observation_summary

/// Sets columns of the summary of one observation, creating its row when needed.
void write_summary(Connection& connection, std::int64_t obsid, const Row& changes) {
  const Table& summaries = table(kSummaries);
  connection.execute(
      fmt::format("INSERT INTO {} (obsid, processing_status) VALUES ($1, $2) ON CONFLICT DO NOTHING", kSummaries),
      {obsid, kPending});
  std::vector<std::string> settings;
  Values parameters = {obsid};
  for (const auto& [name, value] : changes) {
    parameters.push_back(fitted(summaries, name, value, obsid));
    settings.push_back(fmt::format("{} = ${}", name, parameters.size()));
  }
  connection.execute(fmt::format("UPDATE {} SET {} WHERE obsid = $1", kSummaries, joined(settings)), parameters);
}

// ---- quality_flags

/// The statistics columns that any row names, in order of name.
std::set<std::string> statistics_columns(const ObservationResult& result) {
  const Table& flags = table(kQualityFlags);
  std::set<std::string> names;
  for (const QualityRow& row : result.quality) {
    for (const auto& [name, value] : row.statistics) {
      column(flags, name);
      if (is_flag_identity(name)) throw CatalogueError(fmt::format("'{}' is not a statistic of quality_flags", name));
      names.insert(name);
    }
  }
  return names;
}

TemporaryTable new_flags() {
  using enum ColumnType;
  TemporaryTable temporary = {"comap_new_flags",
                              {{"pixel", integer}, {"frequency_band", integer}, {"is_given", boolean}}};
  for (const Column& one : table(kQualityFlags).columns) {
    if (!is_flag_identity(one.name)) temporary.columns.emplace_back(one.name, one.type);
  }
  return temporary;
}

/// One row for each of 19 x 8 elements; those without statistics have is_given = false.
std::vector<Values> flag_values(const ObservationResult& result, const TemporaryTable& temporary) {
  std::map<std::pair<int, int>, const QualityRow*> given;
  for (const QualityRow& row : result.quality) {
    if (row.feed < 1 || row.feed > kScienceFeeds || row.frequency_band < 0 || row.frequency_band >= kFrequencyBands) {
      throw CatalogueError(fmt::format("observation {}: quality_flags has no feed {}, frequency_band {}", result.obsid,
                                       row.feed, row.frequency_band));
    }
    given[{row.feed, row.frequency_band}] = &row;
  }
  std::vector<Values> rows;
  for (int feed = 1; feed <= kScienceFeeds; ++feed) {
    for (int band = 0; band < kFrequencyBands; ++band) {
      const auto found = given.find({feed, band});
      Values values = {std::int64_t{feed}, std::int64_t{band}, found != given.end()};
      for (std::size_t i = values.size(); i < temporary.columns.size(); ++i) {
        const std::string& name = temporary.columns[i].first;
        const bool has = found != given.end() && found->second->statistics.contains(name);
        values.push_back(has ? fitted(table(kQualityFlags), name, found->second->statistics.at(name), result.obsid)
                             : SqlValue{});
      }
      rows.push_back(std::move(values));
    }
  }
  return rows;
}

/// Each row is written once: those that are there are updated, those that are not come with their statistics.
void write_flags(Connection& connection, const ObservationResult& result) {
  const TemporaryTable temporary = new_flags();
  std::vector<std::string> settings, columns = {"pixel", "frequency_band"};
  for (const std::string& name : statistics_columns(result)) {
    settings.push_back(fmt::format("{0} = new.{0}", name));
    columns.push_back(name);
  }
  connection.fill(temporary, flag_values(result, temporary));
  if (!settings.empty()) {
    connection.execute(fmt::format("UPDATE {0} SET {1} FROM {2} AS new WHERE {0}.obsid = $1 AND {0}.pixel = new.pixel "
                                   "AND {0}.frequency_band = new.frequency_band AND new.is_given",
                                   kQualityFlags, joined(settings), temporary.name),
                       {result.obsid});
  }
  connection.execute(fmt::format("INSERT INTO {0} (obsid, is_good, {1}) SELECT CAST($1 AS BIGINT), TRUE, {1} "
                                 "FROM {2} AS new WHERE NOT EXISTS (SELECT 1 FROM {0} AS old WHERE old.obsid = $1 AND "
                                 "old.pixel = new.pixel AND old.frequency_band = new.frequency_band) "
                                 "ORDER BY pixel, frequency_band ON CONFLICT DO NOTHING",
                                 kQualityFlags, joined(columns), temporary.name),
                     {result.obsid});
}

// ---- level2_path

void write_level2_path(Connection& connection, std::int64_t obsid, const SqlValue& path) {
  connection.execute(fmt::format("UPDATE {} SET level2_path = $2 WHERE obsid = $1", kObservations), {obsid, path});
}

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

void clear_statistics(Connection& connection, const std::string& chosen) {
  std::vector<std::string> summary, flags;
  for (const Column& one : table(kSummaries).columns) {
    if (one.name != "obsid" && !one.name.starts_with("processing_")) summary.push_back(one.name + " = NULL");
  }
  for (const Column& one : table(kQualityFlags).columns) {
    if (!is_flag_identity(one.name)) flags.push_back(one.name + " = NULL");
  }
  connection.execute(fmt::format("UPDATE {} SET {} WHERE {}", kSummaries, joined(summary), chosen));
  connection.execute(fmt::format("UPDATE {} SET {} WHERE {}", kQualityFlags, joined(flags), chosen));
}

/// level2_path of the row; throws when there is none.
std::string registered_level2(Connection& connection, std::int64_t obsid) {
  const Result row =
      connection.query(fmt::format("SELECT level2_path FROM {} WHERE obsid = $1", kObservations), {obsid});
  if (row.rows.empty()) throw unknown_observation(connection.description(), obsid);
  return text_of(row.rows[0][0]);
}

}  // namespace

void register_level2(Connection& connection, const std::map<std::int64_t, std::string>& paths) {
  static const TemporaryTable temporary = {"comap_new_level2_paths",
                                           {{"obsid", ColumnType::big_integer}, {"path", ColumnType::text}}};
  std::vector<Values> rows;
  for (const auto& [obsid, path] : paths) rows.push_back({obsid, absolute(path)});
  connection.fill(temporary, rows);
  connection.execute(fmt::format("UPDATE {0} SET level2_path = new.path FROM {1} AS new WHERE new.obsid = {0}.obsid",
                                 kObservations, temporary.name));
  connection.execute(fmt::format("INSERT INTO {0} (obsid, processing_status) SELECT obsid, $1 FROM {1} "
                                 "WHERE obsid IN (SELECT obsid FROM {2}) AND obsid NOT IN (SELECT obsid FROM {0}) "
                                 "ORDER BY obsid ON CONFLICT DO NOTHING",
                                 kSummaries, temporary.name, kObservations),
                     {kPending});
  connection.execute(fmt::format("UPDATE {} SET processing_status = $1, processing_error = NULL WHERE obsid IN "
                                 "(SELECT obsid FROM {})",
                                 kSummaries, temporary.name),
                     {kComplete});
}

void record(Connection& connection, const ObservationResult& result) {
  const std::string previous = registered_level2(connection, result.obsid);
  if (result.complete) {
    if (result.level2_path.empty()) throw Bug("a complete observation without a Level-2 file");
    write_level2_path(connection, result.obsid, absolute(result.level2_path));
  } else if (!previous.empty() && presence_of(previous) == Presence::gone) {
    write_level2_path(connection, result.obsid, {});
  }
  Row changes = {{"processing_status", result.complete ? kComplete : kFailed},
                 {"processing_error", result.complete ? SqlValue{} : SqlValue{result.error}}};
  for (const auto& [name, value] : result.summary) changes[name] = value;
  write_summary(connection, result.obsid, changes);
  if (result.complete || !result.quality.empty()) write_flags(connection, result);
  if (!result.calibration.empty()) write_calibration_fluxes(connection, result.obsid, result.calibration);
}

}  // namespace sql

std::int64_t Catalogue::upsert_observations(const std::vector<Row>& rows, bool overwrite) {
  const sql::TemporaryTable temporary = sql::temporary_of(sql::table(sql::kObservations), "comap_new_observations");
  std::int64_t n_new = 0;
  change([&](sql::Connection& connection) {
    connection.fill(temporary, sql::values_of(rows));
    connection.execute(sql::update_statement(temporary.name, overwrite));
    n_new = connection.execute(sql::insert_statement(temporary.name));
  });
  return n_new;
}

void Catalogue::clear_level2(const std::vector<std::int64_t>& obsids, bool clear_statistics) {
  change([&](sql::Connection& connection) {
    const std::string chosen = fmt::format("obsid IN (SELECT obsid FROM {})", fill_obsids(connection, obsids));
    connection.execute(fmt::format("UPDATE {} SET level2_path = NULL WHERE {}", sql::kObservations, chosen));
    connection.execute(fmt::format("UPDATE {} SET processing_status = $1 WHERE {} AND processing_status = $2",
                                   sql::kSummaries, chosen),
                       {sql::kPending, sql::kComplete});
    if (clear_statistics) sql::clear_statistics(connection, chosen);
  });
}

}  // namespace comap
