#pragma once
/// \file
/// Changes of the catalogue, the same statements for both databases. All run inside a transaction.

#include <map>
#include <string>
#include <vector>

#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// Level-2 files that are known to be complete: sets level2_path and the status `complete`.
void register_level2(Connection& connection, const std::map<std::int64_t, std::string>& paths);

/// The result of one observation; may be repeated. Flags and comments that are there stay; rows of quality_flags that
/// are missing are added for all feeds and bands. A column of the summary or of the statistics that `result` does not
/// name stays as it is; all quality rows must name the same columns. NaN becomes NULL. A failed observation keeps the
/// Level-2 file of an earlier run as long as that exists. Throws CatalogueError for an obsid that has no row.
void record(Connection& connection, const ObservationResult& result);

/// Rows of calibration_flux and of its table of frequencies, in order of key.
struct FluxRows {
  std::vector<Values> fluxes, frequencies;
};
FluxRows rows_of_fluxes(std::int64_t obsid, std::vector<CalibrationFlux> all);
/// Replaces those of an observation.
void write_calibration_fluxes(Connection& connection, std::int64_t obsid, const std::vector<CalibrationFlux>& all);

}  // namespace comap::sql
