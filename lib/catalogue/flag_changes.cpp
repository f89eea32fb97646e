#include "catalogue/flag_changes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"

namespace comap::sql {

namespace {

using enum ColumnType;
using Interval = std::array<std::int64_t, 2>;  // of obsids, both included

constexpr auto kSameElement =
    "quality_flags.obsid = bad.obsid AND quality_flags.pixel = bad.pixel AND "
    "quality_flags.frequency_band = bad.frequency_band";

void require_observation(Connection& connection, std::int64_t obsid) {
  if (!connection.query(fmt::format("SELECT obsid FROM {} WHERE obsid = $1", kObservations), {obsid}).rows.empty()) {
    return;
  }
  throw CatalogueError(fmt::format("catalogue {}: observation {} is not in it; run `comap_mpi catalogue scan`",
                                   connection.description(), obsid));
}

/// Stretches in order that neither touch nor overlap.
std::vector<Interval> merged(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end());
  std::vector<Interval> apart;
  for (const Interval& one : intervals) {
    if (!apart.empty() && one[0] <= apart.back()[1]) {
      apart.back()[1] = std::max(apart.back()[1], one[1]);
    } else {
      apart.push_back(one);
    }
  }
  return apart;
}

/// Fills comap_bad_elements with the elements that the rules name, each once, of the observations that there are.
void fill_bad_elements(Connection& connection, const std::vector<FlagRule>& rules) {
  static const TemporaryTable stretches = {
      "comap_bad_stretches",
      {{"first_obsid", big_integer}, {"last_obsid", big_integer}, {"pixel", integer}, {"frequency_band", integer}}};
  static const TemporaryTable elements = {"comap_bad_elements",
                                          {{"obsid", big_integer}, {"pixel", integer}, {"frequency_band", integer}}};
  std::map<std::pair<int, int>, std::vector<Interval>> by_element;
  for (const FlagRule& rule : rules) {
    for (const int feed : rule.feeds) {
      for (const int band : rule.frequency_bands) {
        by_element[{feed, band}].push_back({rule.first_obsid, rule.last_obsid});
      }
    }
  }
  std::vector<Values> rows;
  for (const auto& [element, intervals] : by_element) {
    for (const Interval& one : merged(intervals)) {
      rows.push_back({one[0], one[1], std::int64_t{element.first}, std::int64_t{element.second}});
    }
  }
  connection.fill(stretches, rows);
  connection.fill(elements, {});
  connection.execute(
      "CREATE UNIQUE INDEX IF NOT EXISTS comap_bad_elements_key ON comap_bad_elements (obsid, pixel, frequency_band)");
  connection.execute(fmt::format(
      "INSERT INTO comap_bad_elements SELECT {0}.obsid, bad.pixel, bad.frequency_band FROM comap_bad_stretches AS bad "
      "JOIN {0} ON {0}.obsid BETWEEN bad.first_obsid AND bad.last_obsid ORDER BY 1, 2, 3",
      kObservations));
  connection.execute("ANALYZE comap_bad_elements");
}

/// obsid and number of elements that the rules make bad.
std::string become_bad(const std::string& flags) {
  return fmt::format(
      "SELECT bad.obsid AS obsid, count(*) AS n FROM comap_bad_elements AS bad LEFT JOIN {} ON {} "
      "WHERE COALESCE(is_good, TRUE) GROUP BY bad.obsid",
      flags, kSameElement);
}

/// Flagged elements that no rule names.
std::string no_longer_bad() {
  return fmt::format(
      "NOT quality_flags.is_good AND quality_flags.pixel > 0 AND NOT EXISTS "
      "(SELECT 1 FROM comap_bad_elements AS bad WHERE {})",
      kSameElement);
}

Result changes_of(Connection& connection) {
  const std::string flags = readable_table(connection, kQualityFlags);
  return connection.query(fmt::format(
      "SELECT obsid, CAST(sum(to_bad) AS BIGINT) AS become_bad, CAST(sum(to_good) AS BIGINT) AS become_good "
      "FROM (SELECT obsid, n AS to_bad, 0 AS to_good FROM ({}) AS worse UNION ALL "
      "SELECT obsid, 0, count(*) FROM {} WHERE {} GROUP BY obsid) AS changed GROUP BY obsid ORDER BY obsid",
      become_bad(flags), flags, no_longer_bad()));
}

void make_bad(Connection& connection) {
  connection.execute(
      fmt::format("INSERT INTO {0} (obsid, pixel, frequency_band, is_good) SELECT obsid, pixel, frequency_band, FALSE "
                  "FROM comap_bad_elements AS bad WHERE NOT EXISTS (SELECT 1 FROM {0} WHERE {1}) ORDER BY 1, 2, 3 "
                  "ON CONFLICT DO NOTHING",
                  kQualityFlags, kSameElement));
  connection.execute(fmt::format("UPDATE {} SET is_good = FALSE FROM comap_bad_elements AS bad WHERE {} AND is_good",
                                 kQualityFlags, kSameElement));
}

void make_others_good(Connection& connection) {
  connection.execute(fmt::format("UPDATE {} SET is_good = TRUE WHERE {}", kQualityFlags, no_longer_bad()));
}

std::vector<std::int64_t> observations_of_rules(Connection& connection, const std::vector<FlagRule>& rules) {
  std::vector<std::int64_t> obsids;
  for (const Values& row : connection.query(fmt::format("SELECT obsid FROM {} ORDER BY obsid", kObservations)).rows) {
    obsids.push_back(integer_of(row[0]));
  }
  std::vector<std::int64_t> counts;
  for (const FlagRule& rule : rules) {
    const auto first = std::lower_bound(obsids.begin(), obsids.end(), rule.first_obsid);
    counts.push_back(std::upper_bound(first, obsids.end(), rule.last_obsid) - first);
  }
  return counts;
}

}  // namespace

Result flags_of(Connection& connection, std::int64_t obsid, bool only_bad) {
  require_observation(connection, obsid);
  std::map<Interval, Row> stored;
  for (Row& row : rows_of(connection, table(kQualityFlags), obsid)) {
    const Interval element = {integer_of(row.at("pixel")), integer_of(row.at("frequency_band"))};
    stored[element] = std::move(row);
  }
  Result flags = {{"pixel", "frequency_band", "is_good", "comment"}, {}};
  for (std::int64_t feed = 1; feed <= kScienceFeeds; ++feed) {
    for (std::int64_t band = 0; band < kFrequencyBands; ++band) {
      Row& row = stored[{feed, band}];
      const auto* flag = std::get_if<bool>(&row["is_good"]);
      const bool is_good = flag == nullptr || *flag;
      if (!is_good || !only_bad) flags.rows.push_back({feed, band, is_good, row["comment"]});
    }
  }
  return flags;
}

void set_flags(Connection& connection, std::int64_t obsid, const FlagSetting& setting) {
  static const TemporaryTable elements = {"comap_set_elements", {{"pixel", integer}, {"frequency_band", integer}}};
  require_observation(connection, obsid);
  std::vector<Values> rows;
  for (const int feed : setting.feeds) {
    for (const int band : setting.frequency_bands) rows.push_back({std::int64_t{feed}, std::int64_t{band}});
  }
  connection.fill(elements, rows);
  connection.execute(
      fmt::format("INSERT INTO {0} (obsid, pixel, frequency_band, is_good) SELECT CAST($1 AS BIGINT), new.pixel, "
                  "new.frequency_band, TRUE FROM {1} AS new WHERE NOT EXISTS (SELECT 1 FROM {0} WHERE {0}.obsid = $1 "
                  "AND {0}.pixel = new.pixel AND {0}.frequency_band = new.frequency_band) ORDER BY 2, 3",
                  kQualityFlags, elements.name),
      {obsid});
  Values parameters = {obsid, setting.is_good};
  if (setting.comment) parameters.push_back(*setting.comment);
  connection.execute(
      fmt::format("UPDATE {0} SET is_good = $2{1} FROM {2} AS new WHERE {0}.obsid = $1 AND {0}.pixel = new.pixel AND "
                  "{0}.frequency_band = new.frequency_band",
                  kQualityFlags, setting.comment ? ", comment = NULLIF($3, '')" : "", elements.name),
      parameters);
}

FlagImport import_flags(Connection& connection, const std::vector<FlagRule>& rules, bool write) {
  FlagImport result;
  fill_bad_elements(connection, rules);
  result.changes = changes_of(connection);
  for (const Values& row : result.changes.rows) {
    result.n_become_bad += integer_of(row[1]);
    result.n_become_good += integer_of(row[2]);
  }
  result.n_bad = integer_of(connection.query("SELECT count(*) FROM comap_bad_elements").rows.at(0).at(0));
  result.n_observations = observations_of_rules(connection, rules);
  if (write && result.n_become_bad > 0) make_bad(connection);
  if (write && result.n_become_good > 0) make_others_good(connection);
  return result;
}

}  // namespace comap::sql
