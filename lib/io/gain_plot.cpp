#include "io/gain_plot.hpp"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "io/gnuplot.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr int kColumns = 2;
constexpr double kPanelWidth = 760.0, kPanelHeight = 320.0, kTitleHeight = 50.0;  // pixels of the PNG

void write_points(const std::string& path, const std::vector<double>& x, const std::vector<double>& y) {
  std::ofstream file(path);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(y[i])) file << fmt::format("{:.8f} {:.8f}\n", x[i], y[i]);
  }
  if (!file.flush()) throw IoError(path + ": cannot write the data of a plot; is the temporary directory full?");
}

std::string script_head(std::size_t n_panels, const std::string& png_path, const std::string& title) {
  const auto n_rows = (n_panels + kColumns - 1) / kColumns;
  return fmt::format(
      "set terminal pngcairo size {:.0f},{:.0f} font 'sans,12' background '#ffffff'\nset output {}\n"
      "set multiplot layout {},{} title {} noenhanced font 'sans,16'\n"
      "set xlabel 'MJD'\nset ylabel 'measured / model flux'\nset format x '%.10g'\nset xtics rotate by -20\n"
      "set grid linecolor '#d0d0d0'\nset border linewidth 1.2 linecolor '#404040'\nset key outside right samplen 1\n",
      kColumns * kPanelWidth, static_cast<double>(n_rows) * kPanelHeight + kTitleHeight, gnuplot_quoted(png_path),
      n_rows, kColumns, gnuplot_quoted(title));
}

/// Writes the data of a panel and returns its plot command.
std::string script_panel(const GainPanel& panel, std::size_t number, const fs::path& scratch) {
  std::string parts;
  for (const GainCurve& curve : panel.curves) {
    const std::string stem = (scratch / fmt::format("panel{}_feed{}", number, curve.feed)).string();
    write_points(stem + "_points", curve.mjd, curve.gain_ratio);
    write_points(stem + "_model", curve.model_mjd, curve.model_gain_ratio);
    parts += fmt::format("{}{} with points pointtype 7 pointsize 0.6 linecolor {} title 'feed {}'",
                         parts.empty() ? "" : ", ", gnuplot_quoted(stem + "_points"), curve.feed, curve.feed);
    if (!curve.model_mjd.empty()) {
      parts += fmt::format(", {} with lines linewidth 1.5 linecolor {} notitle", gnuplot_quoted(stem + "_model"),
                           curve.feed);
    }
  }
  const std::string empty = "set xrange [0:1]\nset yrange [0:2]\n";
  return fmt::format("set title {} noenhanced\n{}plot {}\nset autoscale\n", gnuplot_quoted(panel.title),
                     parts.empty() ? empty : "", parts.empty() ? "NaN notitle" : parts);
}

}  // namespace

void plot_gains(const std::string& png_path, const std::vector<GainPanel>& panels, const std::string& title) {
  const ScratchDirectory scratch;
  const std::string partial = png_path + ".partial";
  std::error_code error;
  try {
    if (const fs::path folder = fs::path(png_path).parent_path(); !folder.empty()) fs::create_directories(folder);
    std::string script = script_head(panels.size(), partial, title);
    for (std::size_t i = 0; i < panels.size(); ++i) script += script_panel(panels[i], i, scratch.path());
    run_gnuplot(script + "unset multiplot\nunset output\n", scratch, png_path);
    fs::rename(partial, png_path);
  } catch (const fs::filesystem_error& failure) {
    fs::remove(partial, error);
    throw IoError(fmt::format("{}: gnuplot drew no picture there: {}", png_path, failure.what()));
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
}

}  // namespace comap
