#include "catalogue/observation_queries.hpp"

#include <fmt/core.h>

#include "catalogue/schema.hpp"
#include "catalogue/sql_condition.hpp"
#include "catalogue/sql_reading.hpp"

namespace comap::sql {

namespace {

constexpr auto kHasNoLevel2 = "NULLIF(level2_path, '') IS NULL";

const char* column_of(Grouping grouping) { return grouping == Grouping::source ? "source" : "source_group"; }

/// FROM and WHERE of the elements of the observation in hand. For each observation by the index: a few thousand of
/// 100,000 are quicker so than by a pass over 15 million rows.
std::string its_elements(Connection& connection) {
  return fmt::format("FROM {} WHERE {}.obsid = {}.obsid AND pixel > 0", readable_table(connection, kQualityFlags),
                     kQualityFlags, kObservations);
}

}  // namespace

Result without_level2(Connection& connection, std::int64_t limit) {
  return connection.query(fmt::format("SELECT obsid, source, source_group, utc_start, level1_path FROM {} WHERE {} "
                                      "ORDER BY obsid LIMIT $1",
                                      kObservations, kHasNoLevel2),
                          {limit});
}

Result level2_of_groups(Connection& connection, Grouping grouping) {
  const std::string name = fmt::format("COALESCE({}, '')", column_of(grouping));
  return connection.query(
      fmt::format("SELECT {0} AS {1}, count(*) AS total, count(NULLIF(level2_path, '')) AS with_level2, "
                  "count(CASE WHEN {2} THEN 1 END) AS missing "
                  "FROM {3} GROUP BY {0} ORDER BY {4}",
                  name, column_of(grouping), kHasNoLevel2, kObservations, in_byte_order(name, connection.dialect())));
}

Result field_status(Connection& connection, const std::string& name, bool sky_dips) {
  Condition where(connection.dialect());
  where.require_name("source", {name});
  if (!sky_dips) where.require("COALESCE(source_group, '') <> " + where.parameter("SkyDip"));
  return connection.query(
      fmt::format("SELECT source, count(*) AS total, count(NULLIF(level2_path, '')) AS processed, "
                  "count(CASE WHEN {} THEN 1 END) AS unprocessed FROM {} WHERE {} GROUP BY source ORDER BY {}",
                  kHasNoLevel2, kObservations, where.text, in_byte_order("source", connection.dialect())),
      where.parameters);
}

Result path_search(Connection& connection, const std::string& part) {
  const std::string old_paths = readable_table(connection, "old_path_data");
  Condition known(connection.dialect());
  known.require_part({"level1_path", "level2_path", "old_level1_path"}, part);
  Condition unknown(connection.dialect());
  unknown.require_part({"old_level1_path"}, part);
  return connection.query(
      fmt::format("SELECT {0}.obsid AS obsid, level1_path, level2_path, old_level1_path FROM {0} LEFT JOIN {1} ON "
                  "old_path_data.obsid = {0}.obsid WHERE {2} UNION ALL SELECT obsid, NULL, NULL, old_level1_path "
                  "FROM {1} WHERE obsid NOT IN (SELECT obsid FROM {0}) AND {3} ORDER BY 1",
                  kObservations, old_paths, known.text, unknown.text),
      known.parameters);
}

Result observation_states(Connection& connection, const SelectConfig& selection) {
  Condition where(connection.dialect());
  where.require_selection(selection);
  return connection.query(
      fmt::format("SELECT {0}.obsid AS obsid, source, source_group, utc_start, CASE WHEN {1} THEN 'no' ELSE 'yes' END "
                  "AS level2, COALESCE(processing_status, 'pending') AS processing_status, CASE WHEN "
                  "COALESCE(median_tsys, mean_tau, calibrator_flux, n_scans) IS NOT NULL OR EXISTS (SELECT 1 {2} AND "
                  "COALESCE(filtered_auto_rms, unfiltered_auto_rms) IS NOT NULL) THEN 'yes' ELSE 'no' END AS "
                  "statistics, median_tsys, mean_tau, n_scans, (SELECT count(*) {2} AND NOT is_good) AS "
                  "n_bad_elements, level1_path, level2_path FROM {3} WHERE {4} ORDER BY {0}.obsid",
                  kObservations, kHasNoLevel2, its_elements(connection), observations_with_summary(connection),
                  where.text),
      where.parameters);
}

Result registered_paths(Connection& connection, const SelectConfig& selection, bool is_level2) {
  const char* path = is_level2 ? "level2_path" : "level1_path";
  Condition where(connection.dialect());
  where.require_selection(selection);
  return connection.query(fmt::format("SELECT obsid, source, {0} FROM {1} WHERE NULLIF({0}, '') IS NOT NULL AND {2} "
                                      "ORDER BY obsid",
                                      path, kObservations, where.text),
                          where.parameters);
}

}  // namespace comap::sql
