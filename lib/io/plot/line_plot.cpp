#include "io/plot/line_plot.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/error.hpp"
#include "io/plot/gnuplot.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

// Okabe and Ito (2008), without yellow.
constexpr auto kColours = std::to_array<std::string_view>(
    {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#7f7f7f"});

struct PanelSize {
  int width;
  int height;
};

PanelSize panel_size(std::size_t n_panels) {
  constexpr std::size_t kFew = 6;
  return n_panels <= kFew ? PanelSize{620, 420} : PanelSize{400, 290};
}

bool drawable(const CurvePanel& panel, double x, double y) {
  return std::isfinite(x) && std::isfinite(y) && (!panel.log_x || x > 0.0) && (!panel.log_y || y > 0.0);
}

/// One curve as lines "x y"; an empty line is a gap.
std::size_t write_curve(std::ofstream& file, const CurvePanel& panel, const Curve& curve) {
  std::size_t n_drawn = 0;
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    if (drawable(panel, curve.x[i], curve.y[i])) {
      file << fmt::format("{:.9g} {:.9g}\n", curve.x[i], curve.y[i]);
      ++n_drawn;
    } else {
      file << '\n';
    }
  }
  return n_drawn;
}

std::string curve_command(const Curve& curve, const std::string& file) {
  const std::string_view colour = kColours[static_cast<std::size_t>(curve.colour) % kColours.size()];
  const std::string_view style =
      curve.style == CurveStyle::line ? "lines linewidth 1.2" : "points pointtype 7 pointsize 0.5";
  const std::string key =
      curve.label.empty() ? "notitle" : fmt::format("title {} noenhanced", gnuplot_quoted(curve.label));
  return fmt::format("{} using 1:2 with {} linecolor rgb '{}' {}", gnuplot_quoted(file), style, colour, key);
}

/// Writes the data files of a panel and returns its commands.
std::string script_panel(const CurvePanel& panel, std::size_t index, const fs::path& scratch) {
  std::string script = fmt::format(
      "set title {} noenhanced\nset xlabel '{}'\nset ylabel '{}'\n{}set logscale x\n{}set logscale y\nset xtics {}\n",
      gnuplot_quoted(panel.title), panel.x_label, panel.y_label, panel.log_x ? "" : "un", panel.log_y ? "" : "un",
      panel.x_tick > 0.0 ? fmt::format("{}", panel.x_tick) : "autofreq");
  std::vector<std::string> commands;
  for (std::size_t i = 0; i < panel.curves.size(); ++i) {
    const std::string path = (scratch / fmt::format("panel_{}_{}.txt", index, i)).string();
    std::ofstream file(path);
    if (write_curve(file, panel, panel.curves[i]) > 0) commands.push_back(curve_command(panel.curves[i], path));
    file.close();
    if (!file) throw IoError(fmt::format("{}: cannot write; is the disk full?", path));
  }
  if (commands.empty()) {
    return script +
           "unset logscale\nset label 1 'no data' at graph 0.5, graph 0.5 center\nplot [0:1][0:1] NaN notitle\nunset "
           "label 1\n";
  }
  return script + fmt::format("plot {}\n", fmt::join(commands, ", "));
}

std::string make_script(const std::string& png_path, const std::string& title, const std::vector<CurvePanel>& panels,
                        int n_columns, const fs::path& scratch) {
  constexpr int kTitleHeight = 40;
  const PanelSize size = panel_size(panels.size());
  const int n_rows = (static_cast<int>(panels.size()) + n_columns - 1) / n_columns;
  std::string script = fmt::format(
      "set terminal pngcairo size {},{} font 'sans,11' background '#ffffff'\nset output {}\n"
      "set multiplot layout {},{} title {} noenhanced font 'sans,15'\n"
      "set key outside top center horizontal font 'sans,9' samplen 1.5\nset tics out nomirror\nset border 3 linecolor "
      "'#404040'\n",
      n_columns * size.width, n_rows * size.height + kTitleHeight, gnuplot_quoted(png_path), n_rows, n_columns,
      gnuplot_quoted(title));
  for (std::size_t i = 0; i < panels.size(); ++i) script += script_panel(panels[i], i, scratch);
  return script + "unset multiplot\nunset output\n";
}

}  // namespace

void write_line_plot(const std::string& png_path, const std::string& title, const std::vector<CurvePanel>& panels,
                     int n_columns) {
  draw_png(png_path, [&](const std::string& path, const fs::path& scratch) {
    return make_script(path, title, panels, std::max(1, n_columns), scratch);
  });
}

}  // namespace comap
