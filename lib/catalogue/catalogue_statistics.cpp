#include "catalogue/catalogue_statistics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "catalogue/schema.hpp"
#include "catalogue/sql_condition.hpp"
#include "catalogue/sql_reading.hpp"

namespace comap::sql {

namespace {

struct Quantity {
  const char* column;
  const char* unit;
};
constexpr Quantity kQuantities[] = {{"median_tsys", "K"},
                                    {"mean_tau", ""},
                                    {"n_scans", ""},
                                    {"calibrator_flux", "Jy"},
                                    {"calibrator_chi2", ""},
                                    {"pointing_offset_az", "deg"},
                                    {"pointing_offset_el", "deg"},
                                    {"pointing_offset_ra", "deg"},
                                    {"pointing_offset_dec", "deg"}};

constexpr auto kStatus = "COALESCE(processing_status, 'pending')";

/// FROM comap_data and its summary, and the observations that the filter names.
struct Source {
  Source(Connection& connection, const StatisticsFilter& filter)
      : from(observations_with_summary(connection)), where(connection.dialect()) {
    where.require_name("source", filter.source);
  }
  std::string from;
  Condition where;
};

double median_of_sorted(const std::vector<double>& values) {
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

Distribution distribution_of(const Quantity& quantity, std::vector<double> values) {
  Distribution found = {quantity.column, quantity.unit, std::ssize(values)};
  if (values.empty()) return found;
  std::sort(values.begin(), values.end());
  found.min = values.front();
  found.median = median_of_sorted(values);
  found.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  found.max = values.back();
  return found;
}

}  // namespace

std::vector<Distribution> summary_distributions(Connection& connection, const StatisticsFilter& filter) {
  const Source source(connection, filter);
  std::vector<Distribution> distributions;
  for (const Quantity& quantity : kQuantities) {
    const Result result = connection.query(fmt::format("SELECT CAST({} AS DOUBLE PRECISION) FROM {} WHERE {}",
                                                       quantity.column, source.from, source.where.text),
                                           source.where.parameters);
    std::vector<double> values;
    for (const Values& row : result.rows) {
      if (!is_null(row[0])) values.push_back(std::get<double>(row[0]));
    }
    distributions.push_back(distribution_of(quantity, std::move(values)));
  }
  return distributions;
}

Result measured_observations(Connection& connection, const std::vector<std::string>& columns,
                             const StatisticsFilter& filter) {
  for (const std::string& name : columns) column(table(kSummaries), name);
  Source source(connection, filter);
  Condition& where = source.where;
  const std::string& measured = columns.at(0);
  where.require(measured + " IS NOT NULL");
  if (filter.min) where.require(measured + " >= " + where.parameter(*filter.min));
  if (filter.max) where.require(measured + " <= " + where.parameter(*filter.max));
  const std::string limit = where.parameter(filter.limit);
  return connection.query(fmt::format("SELECT {0}.obsid AS obsid, source, source_group, utc_start, {1} FROM {2} "
                                      "WHERE {3} ORDER BY {0}.obsid LIMIT {4}",
                                      kObservations, joined(columns), source.from, where.text, limit),
                          where.parameters);
}

Result failed_observations(Connection& connection, const StatisticsFilter& filter) {
  Source source(connection, filter);
  source.where.require(fmt::format("{} = 'failed'", kStatus));
  const std::string limit = source.where.parameter(filter.limit);
  return connection.query(fmt::format("SELECT {0}.obsid AS obsid, source, utc_start, processing_error, level1_path "
                                      "FROM {1} WHERE {2} ORDER BY {0}.obsid LIMIT {3}",
                                      kObservations, source.from, source.where.text, limit),
                          source.where.parameters);
}

Result status_of_sources(Connection& connection, const StatisticsFilter& filter) {
  const auto counted = [](const char* status) {
    return fmt::format("count(CASE WHEN {} = '{}' THEN 1 END) AS {}", kStatus, status, status);
  };
  Source source(connection, filter);
  const std::string limit = source.where.parameter(filter.limit);
  return connection.query(
      fmt::format("SELECT COALESCE(source, '') AS source, count(*) AS total, {}, {}, {} FROM {} WHERE {} "
                  "GROUP BY COALESCE(source, '') ORDER BY {} LIMIT {}",
                  counted("pending"), counted("complete"), counted("failed"), source.from, source.where.text,
                  in_byte_order("COALESCE(source, '')", connection.dialect()), limit),
      source.where.parameters);
}

}  // namespace comap::sql
