#pragma once
/// \file
/// Statistics of the results of processing: observation_summary over many observations.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/sql_connection.hpp"
#include "core/constants.hpp"

namespace comap::sql {

struct StatisticsFilter {
  std::vector<std::string> source;  ///< names, * and ? as wildcards; empty = all
  std::optional<double> min;        ///< of the number that is asked for, included
  std::optional<double> max;
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();  ///< the first rows only
};

/// A number of observation_summary over the observations that have it; NaN when none has.
struct Distribution {
  std::string quantity;  ///< name of the column
  std::string unit;
  std::int64_t n_observations = 0;
  double min = kNan;
  double median = kNan;
  double mean = kNan;
  double max = kNan;
};

/// The distribution of every number of the summary, over observations of `filter.source`; `min`, `max` and `limit` are
/// not looked at.
std::vector<Distribution> summary_distributions(Connection& connection, const StatisticsFilter& filter);

/// Observations that have the first of these columns of observation_summary, within min and max, in order of obsid:
/// obsid, source, source_group, utc_start and the columns.
Result measured_observations(Connection& connection, const std::vector<std::string>& columns,
                             const StatisticsFilter& filter);

/// Observations whose processing failed: obsid, source, utc_start, processing_error, level1_path.
Result failed_observations(Connection& connection, const StatisticsFilter& filter);

/// For each source: source, total, pending, complete, failed. Without a summary an observation is pending.
Result status_of_sources(Connection& connection, const StatisticsFilter& filter);

}  // namespace comap::sql
