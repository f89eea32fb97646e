#include "catalogue/catalogue.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "catalogue/schema.hpp"
#include "catalogue/sql_condition.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/log.hpp"
#include "core/text.hpp"

namespace comap {

using sql::Access;
using sql::Connection;
using sql::integer_of;
using sql::kObservations;
using sql::Result;
using sql::text_of;
using sql::Values;

namespace {

constexpr int kRepeats = 5;  // of a transaction that lost its connection
constexpr std::size_t kShownObsids = 5;
constexpr std::int64_t kLatestRows = 10;
constexpr std::array<const char*, 6> kObservationColumns = {"obsid",       "source",      "source_group",
                                                            "level1_path", "level2_path", "utc_start"};

/// One obsid per line; empty lines and lines that start with # are left out.
std::vector<std::int64_t> read_obsid_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ConfigError(fmt::format("[select] obsid_file: cannot read {}", path));
  std::vector<std::int64_t> obsids;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view text = trimmed(line, " \t\r");
    if (text.empty() || text.front() == '#') continue;
    std::int64_t obsid = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), obsid);
    if (error != std::errc{} || stop != text.data() + text.size() || obsid <= 0) {
      throw ConfigError(fmt::format("{}, line {}: '{}' is not an obsid", path, number, text));
    }
    obsids.push_back(obsid);
  }
  return obsids;
}

void warn_of_unknown(const std::vector<std::int64_t>& unknown) {
  if (unknown.empty()) return;
  std::string shown;
  for (std::size_t i = 0; i < unknown.size() && i < kShownObsids; ++i) shown += fmt::format(" {}", unknown[i]);
  log_warning("{} of the selected obsids are not in the catalogue:{}{}", unknown.size(), shown,
              unknown.size() > kShownObsids ? " ..." : "");
}

/// Names of kObservationColumns. Throws CatalogueError when the table lacks one of them.
std::string observation_columns(Connection& connection) {
  const std::vector<std::string> present = connection.columns_of(kObservations);
  for (const char* name : kObservationColumns) {
    if (std::ranges::find(present, name) != present.end()) continue;
    throw CatalogueError(fmt::format("catalogue {}: table {} has no column {}; `comap_mpi catalogue init` adds it",
                                     connection.description(), kObservations, name));
  }
  return sql::joined({kObservationColumns.begin(), kObservationColumns.end()});
}

std::vector<Observation> observations_of(const Result& result) {
  std::vector<Observation> observations;
  for (const Values& row : result.rows) {
    observations.push_back(
        {integer_of(row[0]), text_of(row[1]), text_of(row[2]), text_of(row[3]), text_of(row[4]), text_of(row[5])});
  }
  return observations;
}

/// Those of `obsids` that have no row in comap_data, ascending.
std::vector<std::int64_t> unknown_obsids(Connection& connection, const std::vector<std::int64_t>& obsids) {
  std::vector<std::int64_t> unknown;
  const Result result =
      connection.query(fmt::format("SELECT obsid FROM {} WHERE obsid NOT IN (SELECT obsid FROM {}) ORDER BY obsid",
                                   fill_obsids(connection, obsids), kObservations));
  for (const Values& row : result.rows) unknown.push_back(integer_of(row[0]));
  return unknown;
}

}  // namespace

Catalogue::Catalogue(const CatalogueConfig& config, CatalogueUse use)
    : connection_(sql::open_connection(config, use == CatalogueUse::look ? Access::read : Access::write)), use_(use) {
  if (use_ == CatalogueUse::create && !connection_->exists()) return;
  in_transaction(Access::read, [&] {
    sql::check_version(*connection_);
    if (use_ != CatalogueUse::create) sql::require_observations(*connection_);
  });
}

Catalogue::~Catalogue() = default;

std::string Catalogue::description() const { return connection_->description(); }

/// Repeats the whole of `work` when the connection broke in between: what it does must bear that. A transaction whose
/// commit was made but not confirmed is not repeated.
void Catalogue::in_transaction(Access access, const std::function<void()>& work) {
  for (int attempt = 0;; ++attempt) {
    try {
      sql::Transaction transaction(*connection_, access);
      work();
      transaction.commit();
      return;
    } catch (const sql::ConnectionLost& error) {
      if (attempt >= kRepeats) throw;
      log_warning("{}; connecting again", error.what());
    }
    connection_->reconnect();
    if (connection_->was_committed()) return;
  }
}

void Catalogue::read(const std::function<void(Connection&)>& work) {
  in_transaction(Access::read, [&] {
    sql::require_observations(*connection_);
    work(*connection_);
  });
}

void Catalogue::change(const std::function<void(Connection&)>& work) {
  require_changes();
  if (!is_whole_) {  // an existing file may lack tables
    in_transaction(Access::read, [&] { sql::require_observations(*connection_); });
    if (!missing_tables().empty()) initialize();
    is_whole_ = true;
  }
  in_transaction(Access::write, [&] { work(*connection_); });
}

void Catalogue::require_changes() const {
  if (use_ == CatalogueUse::look) throw Bug("a change of a catalogue that was opened to look");
}

void Catalogue::initialize() {
  require_changes();
  connection_->create();
  in_transaction(Access::write, [&] { sql::create_schema(*connection_); });
  is_whole_ = true;
}

std::vector<std::string> Catalogue::missing_tables() {
  std::vector<std::string> missing;
  if (connection_->exists()) {
    in_transaction(Access::read, [&] { missing = sql::missing_tables(*connection_); });
  } else {
    for (const auto* list : {&sql::tables(), &sql::own_tables()}) {
      for (const sql::Table& table : *list) missing.push_back(table.name);
    }
  }
  return missing;
}

std::vector<Observation> Catalogue::select(const SelectConfig& selection) {
  std::vector<std::int64_t> obsids = selection.obsids;
  if (!selection.obsid_file.empty()) {
    const std::vector<std::int64_t> listed = read_obsid_file(selection.obsid_file);
    obsids.insert(obsids.end(), listed.begin(), listed.end());
    if (obsids.empty()) return {};
  }
  std::vector<Observation> observations;
  std::vector<std::int64_t> unknown;
  read([&](Connection& connection) {
    const std::string columns = observation_columns(connection);
    sql::Condition where(connection.dialect());
    where.require_selection(selection);
    if (!obsids.empty()) {
      where.require(fmt::format("obsid IN (SELECT obsid FROM {})", fill_obsids(connection, obsids)));
    }
    observations = observations_of(
        connection.query(fmt::format("SELECT {} FROM {} WHERE {} ORDER BY obsid", columns, kObservations, where.text),
                         where.parameters));
    if (!obsids.empty()) unknown = unknown_obsids(connection, obsids);
  });
  warn_of_unknown(unknown);
  return observations;
}

std::optional<Row> Catalogue::row(std::int64_t obsid) {
  const std::vector<Row> rows = rows_of(kObservations, obsid);
  return rows.empty() ? std::nullopt : std::optional<Row>(rows.front());
}

std::vector<Row> Catalogue::rows_of(std::string_view table, std::int64_t obsid) {
  std::vector<Row> rows;
  read([&](Connection& connection) { rows = sql::rows_of(connection, sql::table(table), obsid); });
  return rows;
}

CatalogueSummary Catalogue::summary() {
  CatalogueSummary summary;
  read([&](Connection& connection) {
    summary = {};
    const std::string columns = observation_columns(connection);
    const Result counts = connection.query(fmt::format(
        "SELECT count(*), count(NULLIF(level1_path, '')), count(NULLIF(level2_path, '')) FROM {}", kObservations));
    summary.n_observations = integer_of(counts.rows[0][0]);
    summary.n_level1 = integer_of(counts.rows[0][1]);
    summary.n_level2 = integer_of(counts.rows[0][2]);
    const bool has_status = !connection.columns_of(sql::kSummaries).empty();
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
  });
  return summary;
}

}  // namespace comap
