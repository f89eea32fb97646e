#pragma once
/// \file
/// Pictures made of panels with curves, drawn by gnuplot.

#include <string>
#include <vector>

namespace comap {

enum class CurveStyle { line, points };

/// One curve. Points where x or y is not finite are gaps.
struct Curve {
  std::string label;  ///< empty = not in the key
  std::vector<double> x;
  std::vector<double> y;
  CurveStyle style = CurveStyle::line;
  int colour = 0;  ///< index into a palette that colour-blind readers can tell apart
};

struct CurvePanel {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<Curve> curves;
  double x_tick = 0.0;  ///< distance of the ticks; 0: gnuplot's choice
};

/// Writes a PNG with the panels in rows of `n_columns`, under a common title. The file appears when it is complete.
/// Panels without a finite point are drawn empty. Throws IoError.
void write_line_plot(const std::string& png_path, const std::string& title, const std::vector<CurvePanel>& panels,
                     int n_columns);

}  // namespace comap
