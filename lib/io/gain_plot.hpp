#pragma once
/// \file
/// Picture of gain ratios against time.

#include <string>
#include <vector>

namespace comap {

/// Points and model curve of one feed in one panel.
struct GainCurve {
  int feed = 0;
  std::vector<double> mjd, gain_ratio;              ///< [measurement] that is used
  std::vector<double> model_mjd, model_gain_ratio;  ///< [step]
};

/// One frequency_band.
struct GainPanel {
  std::string title;
  std::vector<GainCurve> curves;
};

/// A PNG with one panel for each element of `panels`, a colour for each feed; points and, as lines, models. Drawn by
/// gnuplot beside its final name. Throws IoError.
void plot_gains(const std::string& png_path, const std::vector<GainPanel>& panels, const std::string& title);

}  // namespace comap
