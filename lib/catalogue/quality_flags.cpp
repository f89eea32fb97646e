#include "catalogue/quality_flags.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "catalogue/catalogue.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"

namespace comap {
namespace sql {

namespace {

using enum ColumnType;
using Element = std::array<std::int64_t, 2>;          // feed, frequency_band
using ObservedElement = std::array<std::int64_t, 3>;  // obsid, feed, frequency_band

constexpr auto kByHand = "by hand";

constexpr auto kSameElement =
    "quality_flags.obsid = bad.obsid AND quality_flags.pixel = bad.pixel AND "
    "quality_flags.frequency_band = bad.frequency_band";

void require_observation(Connection& connection, std::int64_t obsid) {
  if (connection.query(fmt::format("SELECT obsid FROM {} WHERE obsid = $1", kObservations), {obsid}).rows.empty()) {
    throw unknown_observation(connection.description(), obsid);
  }
}

/// Fills comap_bad_elements with the elements that the rules name, each once, of the observations that there are, and
/// comap_rule_comments with what the table says: of several rules the first one with a comment speaks.
void fill_bad_elements(Connection& connection, const std::vector<FlagRule>& rules) {
  static const TemporaryTable stretches = {"comap_bad_stretches",
                                           {{"first_obsid", big_integer},
                                            {"last_obsid", big_integer},
                                            {"pixel", integer},
                                            {"frequency_band", integer},
                                            {"rule", big_integer}}};
  static const TemporaryTable elements = {
      "comap_bad_elements",
      {{"obsid", big_integer}, {"pixel", integer}, {"frequency_band", integer}, {"rule", big_integer}}};
  static const TemporaryTable comments = {"comap_rule_comments", {{"rule", big_integer}, {"comment", text}}};
  std::vector<Values> rows, said;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FlagRule& rule = rules[i];
    const auto number = static_cast<std::int64_t>(rule.comment.empty() ? rules.size() + i : i);
    if (!rule.comment.empty()) said.push_back({number, rule.comment});
    for (const int feed : rule.feeds) {
      for (const int band : rule.frequency_bands) {
        rows.push_back({rule.first_obsid, rule.last_obsid, std::int64_t{feed}, std::int64_t{band}, number});
      }
    }
  }
  connection.fill(stretches, rows);
  connection.fill(comments, said);
  connection.fill(elements, {});
  connection.execute(
      "CREATE UNIQUE INDEX IF NOT EXISTS comap_bad_elements_key ON comap_bad_elements (obsid, pixel, frequency_band)");
  connection.execute(
      fmt::format("INSERT INTO comap_bad_elements SELECT {0}.obsid, bad.pixel, bad.frequency_band, min(bad.rule) FROM "
                  "comap_bad_stretches AS bad JOIN {0} ON {0}.obsid BETWEEN bad.first_obsid AND bad.last_obsid "
                  "GROUP BY {0}.obsid, bad.pixel, bad.frequency_band ORDER BY 1, 2, 3",
                  kObservations));
  connection.execute("ANALYZE comap_bad_elements");
}

// ---- sources: `by hand`, `import TABLE`, or several of them, separated by "; ". In these conditions $1 is the source
// of the table that is imported.

constexpr auto kIsByHand = "COALESCE(quality_flags.flag_source, '') LIKE 'by hand%'";
constexpr auto kIsOwn =
    "REPLACE('; ' || quality_flags.flag_source || '; ', '; ' || $1 || '; ', '') <> "
    "'; ' || quality_flags.flag_source || '; '";
constexpr auto kOthersThanOwn =
    "NULLIF(TRIM(REPLACE('; ' || quality_flags.flag_source || '; ', '; ' || $1 || '; ', '; '), '; '), '')";
constexpr auto kTableComment = "(SELECT said.comment FROM comap_rule_comments AS said WHERE said.rule = bad.rule)";

std::string is_named() {
  return fmt::format("EXISTS (SELECT 1 FROM comap_bad_elements AS bad WHERE {})", kSameElement);
}

/// Named elements that become bad: what was said to be good by hand stays.
std::string becomes_bad() { return fmt::format("COALESCE(quality_flags.is_good, TRUE) AND NOT {}", kIsByHand); }

/// Elements that only this table said were bad, and says no longer.
std::string is_lifted() {
  return fmt::format(
      "NOT quality_flags.is_good AND quality_flags.pixel > 0 AND quality_flags.flag_source = $1 AND NOT {}",
      is_named());
}

std::string lifted_query(const std::string& flags) {
  return fmt::format(
      "SELECT obsid, pixel, frequency_band, comment FROM {} WHERE {} ORDER BY obsid, pixel, frequency_band", flags,
      is_lifted());
}

Result changes_of(Connection& connection, const std::string& flags, const std::string& source) {
  return connection.query(
      fmt::format(
          "SELECT obsid, CAST(sum(to_bad) AS BIGINT) AS become_bad, CAST(sum(to_good) AS BIGINT) AS become_good "
          "FROM (SELECT bad.obsid AS obsid, count(*) AS to_bad, 0 AS to_good FROM comap_bad_elements AS bad "
          "LEFT JOIN {0} ON {1} WHERE {2} GROUP BY bad.obsid UNION ALL "
          "SELECT obsid, 0, count(*) FROM {0} WHERE {3} GROUP BY obsid) AS changed GROUP BY obsid "
          "ORDER BY obsid",
          flags, kSameElement, becomes_bad(), is_lifted()),
      {source});
}

void make_bad(Connection& connection, const std::string& source) {
  connection.execute(
      fmt::format("INSERT INTO {0} (obsid, pixel, frequency_band, is_good, flag_source, comment) SELECT obsid, pixel, "
                  "frequency_band, FALSE, $1, {2} FROM comap_bad_elements AS bad WHERE NOT EXISTS (SELECT 1 FROM {0} "
                  "WHERE {1}) ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING",
                  kQualityFlags, kSameElement, kTableComment),
      {source});
  connection.execute(
      fmt::format("UPDATE {} SET is_good = FALSE, flag_source = $1 FROM comap_bad_elements AS bad WHERE {} AND {}",
                  kQualityFlags, kSameElement, becomes_bad()),
      {source});
  connection.execute(fmt::format("UPDATE {} SET flag_source = flag_source || '; ' || $1 FROM comap_bad_elements AS bad "
                                 "WHERE {} AND NOT is_good AND NOT ({})",
                                 kQualityFlags, kSameElement, kIsOwn),
                     {source});
  connection.execute(
      fmt::format("UPDATE {0} SET comment = {2} FROM comap_bad_elements AS bad WHERE {1} AND flag_source = $1 AND "
                  "{2} IS NOT NULL AND {0}.comment IS DISTINCT FROM {2}",
                  kQualityFlags, kSameElement, kTableComment),
      {source});
}

void lift(Connection& connection, const std::string& source) {
  connection.execute(fmt::format("UPDATE {} SET is_good = TRUE, flag_source = NULL, comment = NULL WHERE {}",
                                 kQualityFlags, is_lifted()),
                     {source});
  connection.execute(fmt::format("UPDATE {} SET flag_source = {} WHERE {} AND NOT {}", kQualityFlags, kOthersThanOwn,
                                 kIsOwn, is_named()),
                     {source});
}

std::int64_t count_of(Connection& connection, const std::string& what, const Values& parameters = {}) {
  return integer_of(connection.query("SELECT count(*) FROM " + what, parameters).rows.at(0).at(0));
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

constexpr std::size_t kObsidsPerQuestion = 1000;

/// Few elements are bad, so that only those are asked for. The obsids stand in the statement: joined with a table of
/// obsids, PostgreSQL reads the bad elements of all observations.
std::set<ObservedElement> bad_elements(Connection& connection, std::span<const std::int64_t> obsids) {
  std::set<ObservedElement> bad;
  if (connection.columns_of(kQualityFlags).empty()) return bad;
  while (!obsids.empty()) {
    const auto some = obsids.first(std::min(obsids.size(), kObsidsPerQuestion));
    obsids = obsids.subspan(some.size());
    std::vector<std::string> places;
    for (std::size_t i = 1; i <= some.size(); ++i) places.push_back(fmt::format("${}", i));
    const Result result = connection.query(
        fmt::format("SELECT obsid, pixel, frequency_band FROM {} WHERE is_good = FALSE AND obsid IN ({})",
                    kQualityFlags, joined(places)),
        Values(some.begin(), some.end()));
    for (const Values& row : result.rows) {
      bad.insert({integer_of(row[0]), integer_of(row[1]), integer_of(row[2])});
    }
  }
  return bad;
}

}  // namespace

Result flags_of(Connection& connection, std::int64_t obsid, bool only_bad) {
  require_observation(connection, obsid);
  std::map<Element, Row> stored;
  for (Row& row : rows_of(connection, table(kQualityFlags), obsid)) {
    const Element element = {integer_of(row.at("pixel")), integer_of(row.at("frequency_band"))};
    stored[element] = std::move(row);
  }
  Result flags = {{"pixel", "frequency_band", "is_good", "comment", "source"}, {}};
  for (std::int64_t feed = 1; feed <= kScienceFeeds; ++feed) {
    for (std::int64_t band = 0; band < kFrequencyBands; ++band) {
      Row& row = stored[{feed, band}];
      const auto* flag = std::get_if<bool>(&row["is_good"]);
      const bool is_good = flag == nullptr || *flag;
      if (!is_good || !only_bad) flags.rows.push_back({feed, band, is_good, row["comment"], row["flag_source"]});
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
  Values parameters = {obsid, setting.is_good, kByHand};
  if (setting.comment) parameters.push_back(*setting.comment);
  connection.execute(fmt::format("UPDATE {0} SET is_good = $2, flag_source = $3{1} FROM {2} AS new WHERE {0}.obsid = "
                                 "$1 AND {0}.pixel = new.pixel AND "
                                 "{0}.frequency_band = new.frequency_band",
                                 kQualityFlags, setting.comment ? ", comment = NULLIF($4, '')" : "", elements.name),
                     parameters);
}

std::string import_source(const std::string& table) {
  std::string name = table;
  std::ranges::replace(name, ';', ',');  // which separates sources
  return "import " + name;
}

FlagImport import_flags(Connection& connection, const std::vector<FlagRule>& rules, const std::string& source,
                        bool write) {
  FlagImport result;
  fill_bad_elements(connection, rules);
  const std::string flags = readable_table(connection, kQualityFlags);
  result.changes = changes_of(connection, flags, source);
  for (const Values& row : result.changes.rows) {
    result.n_become_bad += integer_of(row[1]);
    result.n_become_good += integer_of(row[2]);
  }
  result.lifted = connection.query(lifted_query(flags), {source});
  result.n_good_by_hand =
      count_of(connection, fmt::format("{} WHERE is_good AND {} AND {}", flags, kIsByHand, is_named()));
  result.n_of_no_source = count_of(connection, flags + " WHERE NOT is_good AND pixel > 0 AND flag_source IS NULL");
  result.n_bad =
      count_of(connection, flags + " WHERE NOT is_good AND pixel > 0") + result.n_become_bad - result.n_become_good;
  result.n_observations = observations_of_rules(connection, rules);
  if (write) {
    make_bad(connection, source);
    lift(connection, source);
  }
  return result;
}

void adopt_flags(Connection& connection, const std::string& source) {
  connection.execute(
      fmt::format("UPDATE {} SET flag_source = $1 WHERE NOT is_good AND pixel > 0 AND flag_source IS NULL",
                  kQualityFlags),
      {source});
}

}  // namespace sql

std::map<std::int64_t, std::vector<QualityFlag>> Catalogue::quality_flags(const std::vector<std::int64_t>& obsids) {
  std::set<sql::ObservedElement> bad;
  read([&](sql::Connection& connection) { bad = sql::bad_elements(connection, obsids); });
  std::map<std::int64_t, std::vector<QualityFlag>> flags;
  for (const std::int64_t obsid : obsids) {
    std::vector<QualityFlag>& elements = flags[obsid];
    elements.clear();
    for (int feed = 1; feed <= kScienceFeeds; ++feed) {
      for (int band = 0; band < kFrequencyBands; ++band) {
        elements.push_back({feed, band, !bad.contains({obsid, feed, band})});
      }
    }
  }
  return flags;
}

}  // namespace comap
