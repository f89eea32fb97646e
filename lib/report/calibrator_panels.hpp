#pragma once
/// \file
/// Data, model and residual of a fitted calibrator.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "io/plot/line_plot.hpp"

namespace comap {

/// One panel for each feed: samples of one frequency_band within the fitted radius less constant, airmass and slope in
/// time, the source that level2/calibrator_fit describes, and what is left, against the time of the scan [s, K]. Empty
/// when the file has no fit. Throws IoError, ObservationError.
std::vector<CurvePanel> calibrator_panels(const std::string& level2_path, int frequency_band,
                                          const CalibratorFitConfig& config);

}  // namespace comap
