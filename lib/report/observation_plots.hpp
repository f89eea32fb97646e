#pragma once
/// \file
/// Pictures of one observation, from its Level-2 file alone.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "io/plot/line_plot.hpp"

namespace comap {

/// One picture, before it is drawn.
struct ObservationPicture {
  std::string name;  ///< of the file, without .png
  std::string title;
  std::vector<CurvePanel> panels;
  int n_columns = 1;
};

/// The pictures of a Level-2 file:
///
/// calibration   system temperature and gain of the first vane event against frequency, per feed
/// noise         white noise, 1/f noise, slope and auto_rms of every element, before and after the gain filter
/// spectra       power spectra of the longest scan with the fitted models, before and after, per feed
/// gain          the gain fluctuations that the filter took out, per feed and band
/// tod           binned data before and after the filter, per feed
/// calibrator    data, fitted source and residual, per feed
///
/// `frequency_band` (0-7) is the element shown where one is chosen; `config` how data were
/// prepared for the noise fits and calibrators fitted. What
/// the file does not have is left out. Serial. Throws IoError, ObservationError naming file and dataset.
std::vector<ObservationPicture> observation_pictures(const std::string& level2_path, int frequency_band,
                                                     const Level2Config& config);

/// Draws them as PNG files in `directory`, which is made when it is missing; returns their paths. Throws as above.
std::vector<std::string> plot_observation(const std::string& level2_path, const std::string& directory,
                                          int frequency_band, const Level2Config& config);

}  // namespace comap
