#include "level2/sql_snapshot.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
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
constexpr std::uint64_t kMost = std::uint64_t{kScienceFeeds} * kFrequencyBands;  ///< half bands of all feeds

using HalfBand = std::pair<int, int>;  ///< pixel (feed), frequency_band

/// Rows of quality_flags by half band: the catalogue's, with the statistics of this run in place of older ones.
std::map<HalfBand, nlohmann::json> merged_flags(const nlohmann::json& flags, const ObservationResult& result) {
  std::map<HalfBand, nlohmann::json> rows;
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

std::string path_of(std::string_view column) { return fmt::format("{}/{}", level2::kSqlSnapshot, column); }

std::string text_or_empty(const nlohmann::json& row, std::string_view column) {
  const auto found = row.find(column);
  return found != row.end() && found->is_string() ? found->get<std::string>() : "";
}

void write_columns(h5::File& file, const std::map<HalfBand, nlohmann::json>& rows) {
  const h5::Extent extent = {rows.size()};
  std::vector<std::int64_t> pixels, bands;
  std::vector<std::uint8_t> good;
  std::vector<std::string> comments, sources;
  for (const auto& [half_band, row] : rows) {
    pixels.push_back(half_band.first);
    bands.push_back(half_band.second);
    const auto is_good = row.find("is_good");
    good.push_back(is_good == row.end() || !is_good->is_boolean() || is_good->get<bool>() ? 1 : 0);
    comments.push_back(text_or_empty(row, "comment"));
    sources.push_back(text_or_empty(row, "flag_source"));
  }
  file.write(path_of("pixel"), extent, std::span<const std::int64_t>(pixels));
  file.write(path_of("frequency_band"), extent, std::span<const std::int64_t>(bands));
  file.write(path_of("is_good"), extent, std::span<const std::uint8_t>(good));
  file.write_strings(path_of("comment"), comments);
  file.write_strings(path_of("flag_source"), sources);
  for (const std::string_view column : kNumberColumns) {
    std::vector<double> values;
    for (const auto& [half_band, row] : rows) values.push_back(number_or(row, column, kNan));
    file.write(path_of(column), extent, std::span<const double>(values));
  }
  for (const std::string_view column : kCountColumns) {
    std::vector<std::int64_t> values;
    for (const auto& [half_band, row] : rows) values.push_back(static_cast<std::int64_t>(number_or(row, column, -1.0)));
    file.write(path_of(column), extent, std::span<const std::int64_t>(values));
  }
}

[[noreturn]] void fail(const h5::File& file, std::string_view column, const std::string& reason) {
  throw IoError(fmt::format("{}: {}: {}", file.path(), path_of(column), reason));
}

/// Number of rows of quality_flags in the file; 0 when there are none.
std::size_t number_of_rows(const h5::File& file) {
  if (!file.exists(path_of("pixel"))) return 0;
  const h5::Extent extent = file.info(path_of("pixel")).extent;
  if (extent.size() != 1 || extent[0] > kMost)
    fail(file, "pixel", fmt::format("is no column of at most {} rows", kMost));
  return extent[0];
}

/// A column is as long as all others.
void check_length(const h5::File& file, std::string_view column, std::size_t n_rows) {
  if (!file.exists(path_of(column))) fail(file, column, "is missing");
  if (file.info(path_of(column)).extent != h5::Extent{n_rows}) {
    fail(file, column, fmt::format("has not {} rows as the other columns", n_rows));
  }
}

template <typename T>
std::vector<T> read_column(const h5::File& file, std::string_view column, std::size_t n_rows) {
  check_length(file, column, n_rows);
  return file.read<T>(path_of(column));
}

std::vector<std::string> read_texts(const h5::File& file, std::string_view column, std::size_t n_rows) {
  check_length(file, column, n_rows);
  return file.read_strings(path_of(column));
}

std::vector<QualityRow> read_half_bands(const h5::File& file, std::size_t n_rows) {
  const auto pixels = read_column<std::int64_t>(file, "pixel", n_rows);
  const auto bands = read_column<std::int64_t>(file, "frequency_band", n_rows);
  std::vector<QualityRow> rows;
  for (std::size_t i = 0; i < n_rows; ++i) {
    if (pixels[i] < 1 || pixels[i] > kScienceFeeds || bands[i] < 0 || bands[i] >= kFrequencyBands) {
      fail(file, "pixel",
           fmt::format("row {} is feed {}, frequency_band {}: there is no such", i, pixels[i], bands[i]));
    }
    rows.push_back({static_cast<int>(pixels[i]), static_cast<int>(bands[i]), {}});
  }
  return rows;
}

bool is_count(double value) {
  return value >= 0.0 && value <= std::numeric_limits<std::int32_t>::max() && value == std::floor(value);
}

std::vector<CalibrationFlux> read_fluxes(const h5::File& file) {
  std::vector<CalibrationFlux> rows;
  if (!file.exists(path_of(kFluxes))) return rows;
  const h5::Extent extent = file.info(path_of(kFluxes)).extent;
  if (extent.size() != 1 || extent[0] > kMost) fail(file, kFluxes, fmt::format("is no list of at most {}", kMost));
  for (const std::string& text : file.read_strings(path_of(kFluxes))) {
    try {
      rows.push_back(calibration_flux_from_json(nlohmann::json::parse(text), 0));
    } catch (const nlohmann::json::exception& error) {
      fail(file, kFluxes, error.what());
    }
  }
  return rows;
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
  if (!fluxes.empty()) file.write_strings(path_of(kFluxes), fluxes);
}

ObservationResult read_sql_snapshot(const h5::File& file) {
  ObservationResult result;
  result.complete = true;
  result.level2_path = file.path();
  for (const std::string_view column : kSummaryColumns) {
    const auto value = file.attribute(level2::kSqlSnapshot, column);
    if (const auto number = value ? h5::to_number(*value) : std::nullopt) result.summary.emplace(column, *number);
  }
  result.calibration = read_fluxes(file);
  const std::size_t n_rows = number_of_rows(file);
  if (n_rows == 0) return result;
  result.quality = read_half_bands(file, n_rows);
  const auto add_column = [&](std::string_view column, bool counts) {
    const auto values = read_column<double>(file, column, n_rows);
    for (std::size_t i = 0; i < n_rows; ++i) {
      if (!std::isfinite(values[i]) || (counts && values[i] < 0.0)) continue;
      if (counts && !is_count(values[i])) fail(file, column, fmt::format("row {} is {}, no count", i, values[i]));
      result.quality[i].statistics.emplace(column, values[i]);
    }
  };
  for (const std::string_view column : kNumberColumns) add_column(column, false);
  for (const std::string_view column : kCountColumns) add_column(column, true);
  return result;
}

std::vector<SnapshotFlag> read_snapshot_flags(const h5::File& file) {
  const std::size_t n_rows = number_of_rows(file);
  if (n_rows == 0) return {};
  const auto good = read_column<std::uint8_t>(file, "is_good", n_rows);
  const auto comments = read_texts(file, "comment", n_rows);
  // Files of version 0.2 do not have it.
  const bool has_sources = file.exists(path_of("flag_source"));
  const auto sources = has_sources ? read_texts(file, "flag_source", n_rows) : std::vector<std::string>(n_rows);
  std::vector<SnapshotFlag> flags;
  for (std::size_t i = 0; i < n_rows; ++i) flags.push_back({good[i] != 0, comments[i], sources[i]});
  return flags;
}

}  // namespace comap
