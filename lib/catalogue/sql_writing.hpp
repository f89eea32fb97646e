#pragma once
/// \file
/// Changes of the catalogue, the same statements for both databases. All run inside a transaction.

#include <map>
#include <string>
#include <vector>

#include "catalogue/schema.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// See Catalogue::upsert_observations. Returns the number of new rows.
std::int64_t upsert_observations(Connection& connection, const std::vector<Row>& rows, bool overwrite);

/// See Catalogue::register_level2.
void register_level2(Connection& connection, const std::map<std::int64_t, std::string>& paths);

/// See Catalogue::clear_level2.
void clear_level2(Connection& connection, const std::vector<std::int64_t>& obsids, bool clear_statistics);

/// See Catalogue::record.
void record(Connection& connection, const ObservationResult& result);

}  // namespace comap::sql
