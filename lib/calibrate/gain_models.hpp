#pragma once
/// \file
/// Gain ratios against time, from observations of a calibration source.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "config/calibrate_config.hpp"
#include "data/observation.hpp"

namespace comap {

/// Why a measurement is not used; `none` = it is used.
enum class GainCut { none, not_measured, chi2_above_max, gain_below_min, gain_above_max, too_few_observations };
inline constexpr std::size_t kGainCuts = 6;
std::string_view cut_text(GainCut cut);

/// One measurement of one element.
struct GainMeasurement {
  CalibrationFlux flux;
  double model_flux_Jy = 0.0;
  double gain_ratio = 0.0;  ///< measured over model flux
  GainCut cut = GainCut::none;
};

struct GainFits {
  std::vector<GainMeasurement> measurements;  ///< in the order of the rows
  std::vector<CalibrationModel> models;       ///< in order of feed, band and channel
  std::array<std::int64_t, kGainCuts> counts{};
};

/// Ratios of all rows to the flux model of their source, the cuts of `config`, and for each element with at least
/// `min_observations` left a model of the ratio: `polynomial` of degree `poly_degree` in (mjd - 59000) / 365.25 by
/// least squares with equal weights (flux errors hold only the noise of the fit, not what makes gains differ), `mean`,
/// or `nearest`, which keeps the measurements. fit_rms is the rms of what the model leaves; 0 for `nearest`. A row
/// without frequency was measured at the middle of its sub-band. Throws ConfigError for a source without flux model.
GainFits fit_gains(const CalibrateConfig& config, const std::vector<CalibrationFlux>& rows,
                   const std::string& updated_at);

/// Value of a model at a time; NaN for a model without numbers.
double gain_ratio_at(const CalibrationModel& model, double mjd_utc);

}  // namespace comap
