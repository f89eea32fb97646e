#pragma once
/// \file
/// What the catalogue holds of calibration: measured fluxes and the gain models made of them. Plain data.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace comap {

/// One row of calibration_flux: a calibration source seen by one element. NaN = not measured.
struct CalibrationFlux {
  std::int64_t obsid = 0;
  int feed = 0;     ///< 1-19
  int band = 0;     ///< 0-3
  int channel = 0;  ///< sub-band of the band, 0-1
  double mjd = std::numeric_limits<double>::quiet_NaN();
  std::string source;
  double measured_flux_Jy = std::numeric_limits<double>::quiet_NaN();
  double flux_error_Jy = std::numeric_limits<double>::quiet_NaN();
  double amplitude_K = std::numeric_limits<double>::quiet_NaN();
  double chi2 = std::numeric_limits<double>::quiet_NaN();
  /// At which the flux was measured; kept in a table of our own. NaN in rows of other programs.
  double frequency_GHz = std::numeric_limits<double>::quiet_NaN();
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
  double fit_rms = std::numeric_limits<double>::quiet_NaN();
  std::int64_t n_observations = 0;
  std::string updated_at;  ///< ISO 8601, UTC
};

}  // namespace comap
