#include "level2/sql_snapshot.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "io/level2_schema.hpp"
#include "level2/catalogue_values.hpp"

namespace comap {
namespace {

constexpr std::array<std::string_view, 9> kNumberColumns = {
    "filtered_red_noise",   "filtered_white_noise",   "filtered_auto_rms",
    "filtered_noise_index", "unfiltered_red_noise",   "unfiltered_white_noise",
    "unfiltered_auto_rms",  "unfiltered_noise_index", "mean_atm_temp"};
constexpr std::array<std::string_view, 2> kCountColumns = {"n_spikes", "n_nan_values"};
/// Columns of observation_summary that stages fill.
constexpr std::array<std::string_view, 10> kSummaryColumns = {"median_tsys",
                                                              "mean_tau",
                                                              "n_scans",
                                                              "calibrator_flux",
                                                              "calibrator_flux_error",
                                                              "calibrator_chi2",
                                                              "pointing_offset_az",
                                                              "pointing_offset_el",
                                                              "pointing_offset_ra",
                                                              "pointing_offset_dec"};

/// One JSON object for each row of calibration_flux.
constexpr std::string_view kFluxes = "calibration_flux";

using Element = std::pair<int, int>;  ///< pixel (feed), frequency_band

/// Rows of quality_flags by element: the catalogue's, with the statistics of this run in place of older ones.
std::map<Element, nlohmann::json> merged_flags(const nlohmann::json& flags, const ObservationResult& result) {
  std::map<Element, nlohmann::json> rows;
  for (const auto& flag : flags) {
    const int pixel = flag.value("pixel", 0);
    if (pixel > 0) rows[{pixel, flag.value("frequency_band", 0)}] = flag;
  }
  for (const QualityRow& quality : result.quality) {
    auto& row = rows[{quality.feed, quality.frequency_band}];
    for (const auto& [column, value] : quality.statistics) row[column] = value;
  }
  return rows;
}

double number_or(const nlohmann::json& row, std::string_view column, double missing) {
  const auto found = row.find(column);
  return found != row.end() && found->is_number() ? found->get<double>() : missing;
}

void write_columns(h5::File& file, const std::map<Element, nlohmann::json>& rows) {
  const h5::Extent extent = {rows.size()};
  const auto path = [](std::string_view column) { return fmt::format("{}/{}", level2::kSqlSnapshot, column); };
  std::vector<std::int64_t> pixels;
  std::vector<std::int64_t> bands;
  std::vector<std::uint8_t> good;
  std::vector<std::string> comments;
  for (const auto& [element, row] : rows) {
    pixels.push_back(element.first);
    bands.push_back(element.second);
    const auto is_good = row.find("is_good");
    good.push_back(is_good == row.end() || !is_good->is_boolean() || is_good->get<bool>() ? 1 : 0);
    const auto comment = row.find("comment");
    comments.push_back(comment != row.end() && comment->is_string() ? comment->get<std::string>() : "");
  }
  file.write(path("pixel"), extent, std::span<const std::int64_t>(pixels));
  file.write(path("frequency_band"), extent, std::span<const std::int64_t>(bands));
  file.write(path("is_good"), extent, std::span<const std::uint8_t>(good));
  file.write_strings(path("comment"), comments);
  for (const std::string_view column : kNumberColumns) {
    std::vector<double> values;
    for (const auto& [element, row] : rows) values.push_back(number_or(row, column, std::nan("")));
    file.write(path(column), extent, std::span<const double>(values));
  }
  for (const std::string_view column : kCountColumns) {
    std::vector<std::int64_t> values;
    for (const auto& [element, row] : rows) values.push_back(static_cast<std::int64_t>(number_or(row, column, -1.0)));
    file.write(path(column), extent, std::span<const std::int64_t>(values));
  }
}

h5::AttributeValue attribute_of(const nlohmann::json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace

void write_sql_snapshot(h5::File& file, const nlohmann::json& snapshot, const ObservationResult& result) {
  file.create_group(level2::kSqlSnapshot);
  const auto row = snapshot.value("row", nlohmann::json::object());
  for (const auto& [column, value] : row.items()) {
    file.write_attribute(level2::kSqlSnapshot, column, attribute_of(value));
  }
  file.write_attribute(level2::kSqlSnapshot, "level2_path", result.level2_path);
  for (const auto& [column, value] : result.summary) file.write_attribute(level2::kSqlSnapshot, column, value);
  const auto rows = merged_flags(snapshot.value("flags", nlohmann::json::array()), result);
  if (!rows.empty()) write_columns(file, rows);
  std::vector<std::string> fluxes;
  for (const CalibrationFlux& flux : result.calibration) fluxes.push_back(to_json(flux).dump());
  if (!fluxes.empty()) file.write_strings(fmt::format("{}/{}", level2::kSqlSnapshot, kFluxes), fluxes);
}

ObservationResult read_sql_snapshot(const h5::File& file) {
  const auto path = [](std::string_view column) { return fmt::format("{}/{}", level2::kSqlSnapshot, column); };
  ObservationResult result;
  result.complete = true;
  result.level2_path = file.path();
  for (const std::string_view column : kSummaryColumns) {
    const auto value = file.attribute(level2::kSqlSnapshot, column);
    if (const auto number = value ? h5::to_number(*value) : std::nullopt) result.summary.emplace(column, *number);
  }
  if (file.exists(path(kFluxes))) {
    for (const std::string& flux : file.read_strings(path(kFluxes))) {
      result.calibration.push_back(calibration_flux_from_json(nlohmann::json::parse(flux), result.obsid));
    }
  }
  if (!file.exists(path("pixel"))) return result;
  const auto pixels = file.read<std::int64_t>(path("pixel"));
  const auto bands = file.read<std::int64_t>(path("frequency_band"));
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    result.quality.push_back({static_cast<int>(pixels[i]), static_cast<int>(bands[i]), {}});
  }
  const auto add_column = [&](std::string_view column, bool counts) {
    const auto values = file.read<double>(path(column));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isfinite(values[i]) && !(counts && values[i] < 0.0))
        result.quality[i].statistics.emplace(column, values[i]);
    }
  };
  for (const std::string_view column : kNumberColumns) add_column(column, false);
  for (const std::string_view column : kCountColumns) add_column(column, true);
  return result;
}

std::vector<SnapshotFlag> read_snapshot_flags(const h5::File& file) {
  const auto path = [](std::string_view column) { return fmt::format("{}/{}", level2::kSqlSnapshot, column); };
  std::vector<SnapshotFlag> flags;
  if (!file.exists(path("is_good"))) return flags;
  for (const std::uint8_t good : file.read<std::uint8_t>(path("is_good"))) flags.push_back({good != 0, ""});
  const std::vector<std::string> comments = file.read_strings(path("comment"));
  for (std::size_t i = 0; i < std::min(flags.size(), comments.size()); ++i) flags[i].comment = comments[i];
  return flags;
}

}  // namespace comap
