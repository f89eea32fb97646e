#pragma once
/// \file
/// Questions to the catalogue, the same statements for both databases. All run inside a transaction.

#include <string_view>
#include <vector>

#include "catalogue/schema.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// Rows of a table with this obsid, in order of key, with the types of the schema; without the rows of pixel 0 that
/// the Python pipeline writes. Empty when the table is missing.
std::vector<Row> rows_of(Connection& connection, const Table& table, std::int64_t obsid);

/// Replaces the rows of the temporary table of obsids, each once; returns its name.
std::string fill_obsids(Connection& connection, const std::vector<std::int64_t>& obsids);

/// The text after FROM for a table of an existing file, which may lack it or some of its columns: those are NULL.
std::string readable_table(Connection& connection, const char* name);

/// FROM of comap_data with observation_summary beside it, both by their names, NULL where an observation has no
/// summary.
std::string observations_with_summary(Connection& connection);

/// The observation has no row in comap_data.
CatalogueError unknown_observation(const std::string& catalogue, std::int64_t obsid);

/// Throws ConfigError saying what to do when the catalogue has not been created.
void require_observations(Connection& connection);

}  // namespace comap::sql
