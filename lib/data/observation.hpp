#pragma once
/// \file
/// Plain types of observations that catalogue, stages and maps share.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "core/constants.hpp"
#include "data/trouble.hpp"

namespace comap {

/// Group of sources whose observations are sweeps in elevation to measure the atmosphere.
inline constexpr std::string_view kSkyDipGroup = "SkyDip";

/// One row of calibration_flux: a calibration source seen by one element. NaN = not measured.
struct CalibrationFlux {
  std::int64_t obsid = 0;
  int feed = 0;     ///< 1-19
  int band = 0;     ///< 0-3
  int channel = 0;  ///< sub-band of the band, 0-1
  double mjd = kNan;
  std::string source;
  double measured_flux_Jy = kNan;
  double flux_error_Jy = kNan;
  double amplitude_K = kNan;
  double chi2 = kNan;
  /// At which the flux was measured; kept in a table of our own. NaN in rows of other programs.
  double frequency_GHz = kNan;

  static auto members(auto& x) {
    return std::tie(x.obsid, x.feed, x.band, x.channel, x.mjd, x.source, x.measured_flux_Jy, x.flux_error_Jy,
                    x.amplitude_K, x.chi2, x.frequency_GHz);
  }
};

/// One row of calibration_model_fit: gain ratio of one element against time.
struct CalibrationModel {
  int feed = 0;
  int band = 0;
  int channel = 0;
  std::string source;
  std::string model_type;            ///< polynomial | mean | nearest
  std::vector<double> poly_coeffs;   ///< constant first, in (mjd - 59000) / 365.25; also of `mean`
  std::vector<double> nearest_mjds;  ///< ascending
  std::vector<double> nearest_gains;
  double fit_rms = kNan;
  std::int64_t n_observations = 0;
  std::string updated_at;  ///< ISO 8601, UTC
};

/// A value of a row: NULL, integer, number, text, or boolean.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, bool>;
using Row = std::map<std::string, SqlValue>;

/// The part of a row of comap_data that a run needs.
struct Observation {
  std::int64_t obsid = 0;
  std::string source;
  std::string source_group;
  std::string level1_path;
  std::string level2_path;  ///< empty = none
  std::string utc_start;    ///< %Y-%m-%d-%H:%M:%S

  static auto members(auto& x) {
    return std::tie(x.obsid, x.source, x.source_group, x.level1_path, x.level2_path, x.utc_start);
  }
};

/// Statistics of one (feed, frequency_band) for quality_flags: column name -> value.
struct QualityRow {
  int feed = 0;
  int frequency_band = 0;
  std::map<std::string, double> statistics;

  static auto members(auto& x) { return std::tie(x.feed, x.frequency_band, x.statistics); }
};

/// The result of processing one observation; written in one transaction.
struct ObservationResult {
  std::int64_t obsid = 0;
  bool complete = false;
  std::string error;                      ///< when not complete
  std::string level2_path;                ///< when complete
  std::string level2_digest;              ///< of the stage records of that file (io/level2/stage_record.hpp)
  std::map<std::string, double> summary;  ///< columns of observation_summary
  std::vector<QualityRow> quality;
  /// When any are given they replace all rows that calibration_flux has of this observation.
  std::vector<CalibrationFlux> calibration;
  std::vector<Trouble> troubles;  ///< for logs and the summary of the run; not in the catalogue

  static auto members(auto& x) {
    return std::tie(x.obsid, x.complete, x.error, x.level2_path, x.level2_digest, x.summary, x.quality, x.calibration,
                    x.troubles);
  }
};

struct QualityFlag {
  int feed = 0;
  int frequency_band = 0;
  bool is_good = true;

  static auto members(auto& x) { return std::tie(x.feed, x.frequency_band, x.is_good); }
};

/// Group of a source from Level-1 attributes (catalogue.md).
std::string source_group_of(std::string_view source, std::string_view comment);
/// Text before the first comma, trimmed.
std::string source_name_of(std::string_view source_attribute);

}  // namespace comap
