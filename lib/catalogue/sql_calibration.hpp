#pragma once
/// \file
/// The tables of calibration, the same statements for both databases. All run inside a transaction.

#include <string>
#include <vector>

#include "catalogue/sql_connection.hpp"
#include "data/observation.hpp"

namespace comap::sql {

/// Rows of the two tables of measured fluxes, in order of key.
struct FluxRows {
  std::vector<Values> fluxes, frequencies;
};
FluxRows rows_of_fluxes(std::int64_t obsid, std::vector<CalibrationFlux> all);

/// Replaces the rows of an observation.
void write_calibration_fluxes(Connection& connection, std::int64_t obsid, const std::vector<CalibrationFlux>& all);
/// See Catalogue::calibration_fluxes; empty when the table is missing.
std::vector<CalibrationFlux> calibration_fluxes(Connection& connection, const std::string& source,
                                                const std::vector<std::int64_t>& obsids);
/// See Catalogue::write_calibration_models.
void write_calibration_models(Connection& connection, const std::vector<CalibrationModel>& models);
/// See Catalogue::calibration_models; empty when the table is missing.
std::vector<CalibrationModel> calibration_models(Connection& connection);

}  // namespace comap::sql
