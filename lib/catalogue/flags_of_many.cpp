#include "catalogue/flags_of_many.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"

namespace comap {

namespace {

using ObservedElement = std::array<std::int64_t, 3>;  // obsid, feed, frequency_band

constexpr std::size_t kObsidsPerQuestion = 1000;

/// Few elements are bad, so that only those are asked for. The obsids stand in the statement: joined with a table of
/// obsids, PostgreSQL reads the bad elements of all observations.
std::set<ObservedElement> bad_elements(sql::Connection& connection, std::span<const std::int64_t> obsids) {
  std::set<ObservedElement> bad;
  if (connection.columns_of(sql::kQualityFlags).empty()) return bad;
  while (!obsids.empty()) {
    const auto some = obsids.first(std::min(obsids.size(), kObsidsPerQuestion));
    obsids = obsids.subspan(some.size());
    std::vector<std::string> places;
    for (std::size_t i = 1; i <= some.size(); ++i) places.push_back(fmt::format("${}", i));
    const sql::Result result = connection.query(
        fmt::format("SELECT obsid, pixel, frequency_band FROM {} WHERE is_good = FALSE AND obsid IN ({})",
                    sql::kQualityFlags, sql::joined(places)),
        sql::Values(some.begin(), some.end()));
    for (const sql::Values& row : result.rows) {
      bad.insert({sql::integer_of(row[0]), sql::integer_of(row[1]), sql::integer_of(row[2])});
    }
  }
  return bad;
}

}  // namespace

std::map<std::int64_t, std::vector<QualityFlag>> quality_flags_of(Catalogue& catalogue,
                                                                  const std::vector<std::int64_t>& obsids) {
  std::set<ObservedElement> bad;
  catalogue.read([&](sql::Connection& connection) { bad = bad_elements(connection, obsids); });
  std::map<std::int64_t, std::vector<QualityFlag>> flags;
  for (const std::int64_t obsid : obsids) {
    std::vector<QualityFlag>& elements = flags[obsid];
    elements.clear();
    for (int feed = 1; feed <= kScienceFeeds; ++feed) {
      for (int band = 0; band < sql::kFrequencyBands; ++band) {
        elements.push_back({feed, band, !bad.contains({obsid, feed, band})});
      }
    }
  }
  return flags;
}

}  // namespace comap
