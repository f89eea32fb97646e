#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "catalogue/catalogue.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/constants.hpp"

namespace comap {
namespace sql {

namespace {

/// Inserts rows [column of the table], in the order of its key.
void insert(Connection& connection, const Table& table, const std::vector<Values>& rows) {
  const TemporaryTable temporary = temporary_of(table, "comap_new_" + table.name);
  connection.fill(temporary, rows);
  connection.execute(fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2} ORDER BY {3}", table.name,
                                 joined(column_names(table)), temporary.name, joined(table.key)));
}

double number_of(const SqlValue& value) {
  const SqlValue number = as_type(value, ColumnType::floating);
  const auto* found = std::get_if<double>(&number);
  return found != nullptr ? *found : kNan;
}

int small_integer_of(const SqlValue& value) { return static_cast<int>(integer_of(value)); }

std::string json_text(const std::vector<double>& numbers) { return nlohmann::json(numbers).dump(); }

std::vector<double> numbers_of(const SqlValue& value, const CalibrationModel& model) {
  const std::string text = text_of(value);
  if (text.empty()) return {};
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_null()) return {};
  std::vector<double> numbers;
  const auto add = [&](const nlohmann::json& entry) {
    numbers.push_back(entry.is_number() ? entry.get<double>() : kNan);
  };
  if (json.is_array()) {
    for (const auto& entry : json) add(entry);
    return numbers;
  }
  throw CatalogueError(
      fmt::format("{} of feed {}, band {}, channel {}: '{}' is no JSON array of numbers; run "
                  "`comap_mpi calibrate` again",
                  kCalibrationModels, model.feed, model.band, model.channel, text));
}

/// The fluxes of one source, empty when the table is missing.
std::vector<CalibrationFlux> fluxes_of(Connection& connection, const std::string& source,
                                       const std::vector<std::int64_t>& obsids) {
  if (connection.columns_of(kCalibrationFlux).empty()) return {};
  const bool has_frequencies = !connection.columns_of(kCalibrationFrequencies).empty();
  const std::string joined_table =
      has_frequencies ? fmt::format(
                            " LEFT JOIN {} AS n ON n.obsid = f.obsid AND n.feed = f.feed AND n.band = f.band "
                            "AND n.channel = f.channel",
                            kCalibrationFrequencies)
                      : "";
  const Result result = connection.query(
      fmt::format("SELECT f.obsid, f.feed, f.band, f.channel, f.mjd, f.source, f.measured_flux, f.flux_error, "
                  "f.amplitude, f.chi2, {} FROM {} AS f{} WHERE lower(f.source) = lower($1) AND f.obsid IN "
                  "(SELECT obsid FROM {}) ORDER BY f.feed, f.band, f.channel, f.mjd, f.obsid",
                  has_frequencies ? "n.frequency_ghz" : "NULL", kCalibrationFlux, joined_table,
                  fill_obsids(connection, obsids)),
      {source});
  std::vector<CalibrationFlux> rows;
  for (const Values& row : result.rows) {
    rows.push_back({integer_of(row[0]), small_integer_of(row[1]), small_integer_of(row[2]), small_integer_of(row[3]),
                    number_of(row[4]), text_of(row[5]), number_of(row[6]), number_of(row[7]), number_of(row[8]),
                    number_of(row[9]), number_of(row[10])});
  }
  return rows;
}

/// All columns of calibration_model_fit, in its order; and back.
Values values_of(const CalibrationModel& model) {
  const bool is_nearest = model.poly_coeffs.empty();
  return {std::int64_t{model.feed},
          std::int64_t{model.band},
          std::int64_t{model.channel},
          model.source,
          model.model_type,
          is_nearest ? SqlValue{} : SqlValue{json_text(model.poly_coeffs)},
          is_nearest ? SqlValue{json_text(model.nearest_mjds)} : SqlValue{},
          is_nearest ? SqlValue{json_text(model.nearest_gains)} : SqlValue{},
          model.fit_rms,
          model.n_observations,
          model.updated_at};
}

CalibrationModel model_of(const Values& row) {
  CalibrationModel model;
  model.feed = small_integer_of(row[0]);
  model.band = small_integer_of(row[1]);
  model.channel = small_integer_of(row[2]);
  model.source = text_of(row[3]);
  model.model_type = text_of(row[4]);
  model.poly_coeffs = numbers_of(row[5], model);
  model.nearest_mjds = numbers_of(row[6], model);
  model.nearest_gains = numbers_of(row[7], model);
  model.fit_rms = number_of(row[8]);
  model.n_observations = integer_of(row[9]);
  model.updated_at = text_of(row[10]);
  return model;
}

}  // namespace

FluxRows rows_of_fluxes(std::int64_t obsid, std::vector<CalibrationFlux> all) {
  std::ranges::sort(all, {}, [](const CalibrationFlux& one) { return std::tuple(one.feed, one.band, one.channel); });
  FluxRows rows;
  for (const CalibrationFlux& one : all) {
    const std::int64_t feed = one.feed, band = one.band, channel = one.channel;
    rows.fluxes.push_back({obsid, feed, band, channel, one.mjd, one.source, one.measured_flux_Jy, one.flux_error_Jy,
                           one.amplitude_K, one.chi2});
    rows.frequencies.push_back({obsid, feed, band, channel, one.frequency_GHz});
  }
  return rows;
}

void write_calibration_fluxes(Connection& connection, std::int64_t obsid, const std::vector<CalibrationFlux>& all) {
  const FluxRows rows = rows_of_fluxes(obsid, all);
  for (const char* name : {kCalibrationFlux, kCalibrationFrequencies}) {
    connection.execute(fmt::format("DELETE FROM {} WHERE obsid = $1", name), {obsid});
    insert(connection, table(name), name == kCalibrationFlux ? rows.fluxes : rows.frequencies);
  }
}

}  // namespace sql

std::vector<CalibrationFlux> Catalogue::calibration_fluxes(const std::string& source, const SelectConfig& selection) {
  std::vector<std::int64_t> obsids;
  for (const Observation& observation : select(selection)) obsids.push_back(observation.obsid);
  std::vector<CalibrationFlux> fluxes;
  read([&](sql::Connection& connection) { fluxes = sql::fluxes_of(connection, source, obsids); });
  return fluxes;
}

void Catalogue::write_calibration_models(const std::vector<CalibrationModel>& models) {
  std::vector<sql::Values> rows;
  for (const CalibrationModel& model : models) rows.push_back(sql::values_of(model));
  change([&](sql::Connection& connection) {
    connection.execute(fmt::format("DELETE FROM {}", sql::kCalibrationModels));
    sql::insert(connection, sql::table(sql::kCalibrationModels), rows);
  });
}

std::vector<CalibrationModel> Catalogue::calibration_models() {
  const sql::Table& table = sql::table(sql::kCalibrationModels);
  sql::Result result;
  read([&](sql::Connection& connection) {
    if (connection.columns_of(table.name).empty()) return;
    result = connection.query(fmt::format("SELECT {} FROM {} ORDER BY {}", sql::joined(sql::column_names(table)),
                                          table.name, sql::joined(table.key)));
  });
  std::vector<CalibrationModel> models;
  for (const sql::Values& row : result.rows) models.push_back(sql::model_of(row));
  return models;
}

}  // namespace comap
