#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "io/map/cube_file.hpp"
#include "io/map/cube_summary.hpp"
#include "io/plot/gnuplot.hpp"
#include "io/plot/map_picture.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

/// Sizes in pixels of the PNG: the image on the left, two spectra on the right.
struct CubeLayout {
  double image_width = 560.0, image_height = 560.0;
  static constexpr double kLeft = 92.0, kRight = 140.0, kBelow = 80.0, kAbove = 84.0, kSpectrumWidth = 520.0,
                          kSpectrumLeft = 90.0, kBetween = 130.0, kBar = 18.0;
  double width() const { return kLeft + image_width + kRight + kSpectrumLeft + kSpectrumWidth + 30.0; }
  double height() const { return kAbove + image_height + kBelow; }
};

CubeLayout layout_for(double aspect) {
  constexpr double kMinHeight = 460.0, kMaxHeight = 760.0;
  CubeLayout layout;
  layout.image_height = layout.image_width * aspect;
  if (layout.image_height > kMaxHeight) layout.image_width *= kMaxHeight / layout.image_height;
  if (layout.image_height < kMinHeight) layout.image_width = std::min(1100.0, kMinHeight / aspect);
  layout.image_height = std::max(kMinHeight, layout.image_width * aspect);
  return layout;
}

std::string margins(const CubeLayout& layout, double left, double width, double below, double height) {
  return fmt::format(
      "set lmargin at screen {:.6f}\nset rmargin at screen {:.6f}\nset bmargin at screen {:.6f}\nset tmargin at screen "
      "{:.6f}\n",
      left / layout.width(), (left + width) / layout.width(), below / layout.height(),
      (below + height) / layout.height());
}

void write_data(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) {
    throw IoError(path.string() + ": cannot write the data of a plot; is the temporary directory full?");
  }
}

PixelWindow window_of(const SpectralCube& cube) {
  ContinuumMap hit;
  hit.wcs = cube.wcs;
  hit.mask.assign(cube.wcs.naxis[0] * cube.wcs.naxis[1], 1);
  for (const std::int64_t pixel : cube.spectra.pixel) hit.mask[pixel] = 0;
  return observed_window(hit);
}

std::string image_script(const SpectralCube& cube, const CubeSummary& summary, const PixelWindow& window,
                         const CubeLayout& layout, const fs::path& scratch) {
  const Picture picture = picture_of(summary.intensity_K_km_s, cube.wcs, window, 1);
  const fs::path data = scratch / "intensity.bin";
  write_data(data, {reinterpret_cast<const char*>(picture.values.data()), picture.values.size() * sizeof(float)});
  ColourLimits limits = robust_limits(picture.values);
  const double peak = summary.intensity_K_km_s[summary.peak_pixel];
  limits.high = std::max(limits.high, peak);
  const bool galactic = cube.wcs.ctype[0].starts_with("GLON");
  const double right = CubeLayout::kLeft + layout.image_width;
  return margins(layout, CubeLayout::kLeft, layout.image_width, CubeLayout::kBelow, layout.image_height) +
         fmt::format(
             "set xrange [{}:{}]\nset yrange [{}:{}]\nset xtics ({}) out nomirror\nset ytics ({}) out nomirror\n"
             "set xlabel '{} [deg]'\nset ylabel '{} [deg]'\nset title 'Line intensity, {:g} to {:g} km/s'\n"
             "set cblabel '{{/Symbol \\362}} T dv [K km/s]' offset 1.2,0\nset cbrange [{:.8g}:{:.8g}]\n"
             "set colorbox vertical user origin screen {:.6f}, screen {:.6f} size screen {:.6f}, screen {:.6f}\n"
             "set palette defined (0 '#000004', 1 '#3b0f70', 2 '#8c2981', 3 '#de4968', 4 '#fe9f6d', 5 '#fcfdbf')\n"
             "plot {} binary array=({},{}) format='%float' origin=({},{}) dx=1 dy=1 with image\n",
             static_cast<double>(window.x_begin) - 0.5, static_cast<double>(window.x_end) - 0.5,
             static_cast<double>(window.y_begin) - 0.5, static_cast<double>(window.y_end) - 0.5,
             tick_list(longitude_ticks(cube.wcs, window)), tick_list(latitude_ticks(cube.wcs, window)),
             galactic ? "Galactic longitude" : "Right ascension", galactic ? "Galactic latitude" : "Declination",
             cube.window_km_s[0], cube.window_km_s[1], limits.low, limits.high,
             (right + CubeLayout::kBar) / layout.width(), CubeLayout::kBelow / layout.height(),
             CubeLayout::kBar / layout.width(), layout.image_height / layout.height(), gnuplot_quoted(data.string()),
             picture.n_x, picture.n_y, window.x_begin, window.y_begin);
}

std::string spectrum_script(const SpectralCube& cube, const CubeSummary& summary, const std::vector<double>& spectrum_K,
                            const std::string& title, int row, const CubeLayout& layout, const fs::path& scratch) {
  constexpr double kMilli = 1e3;
  std::string lines;
  for (std::size_t i = 0; i < spectrum_K.size(); ++i) {
    lines += std::isfinite(spectrum_K[i])
                 ? fmt::format("{:.9g} {:.9g}\n", summary.velocity_km_s[i], kMilli * spectrum_K[i])
                 : std::string("\n");
  }
  const fs::path data = scratch / fmt::format("spectrum_{}.txt", row);
  write_data(data, lines);
  const double height = 0.5 * (layout.image_height - CubeLayout::kBetween);
  const double below = CubeLayout::kBelow + (1 - row) * (height + CubeLayout::kBetween);
  const auto [lowest, highest] = std::ranges::minmax(summary.velocity_km_s);
  const double margin = 0.5 * std::abs(summary.velocity_km_s[1] - summary.velocity_km_s[0]);
  return margins(layout, layout.width() - CubeLayout::kSpectrumWidth - 30.0, CubeLayout::kSpectrumWidth, below,
                 height) +
         fmt::format(
             "set xrange [{:.6g}:{:.6g}]\nset yrange [*:*]\nset xtics auto\nset ytics auto\nset title {} noenhanced\n"
             "set xlabel 'Radio velocity, {} [km/s]'\nset ylabel 'T_{{RJ}} [mK]'\n"
             "set object 1 rectangle from {:.6g}, graph 0 to {:.6g}, graph 1 fillcolor rgb '#e8eef4' behind noclip "
             "fillstyle solid noborder\n"
             "plot 0 with lines linecolor rgb '#a0a0a0' notitle, {} using 1:2 with histeps linewidth 1.5 linecolor rgb "
             "'#0072b2' notitle\n",
             lowest - margin, highest + margin, gnuplot_quoted(title),
             cube.frame == SpectralFrame::lsrk ? "LSRK" : "topocentric", std::max(cube.window_km_s[0], lowest - margin),
             std::min(cube.window_km_s[1], highest + margin), gnuplot_quoted(data.string()));
}

std::string make_script(const SpectralCube& cube, const std::string& png_path, const std::string& title,
                        const fs::path& scratch) {
  const CubeSummary summary = summary_of(cube);
  const PixelWindow window = window_of(cube);
  const CubeLayout layout = layout_for(sky_aspect(cube.wcs, window));
  return fmt::format(
             "set terminal pngcairo size {:.0f},{:.0f} font 'sans,13' background '#ffffff'\nset output {}\n"
             "set multiplot\nset label 1 {} noenhanced at screen 0.5, screen {:.6f} center font 'sans,18'\n"
             "set border linewidth 1.2 linecolor '#404040'\nunset key\n",
             layout.width(), layout.height(), gnuplot_quoted(png_path), gnuplot_quoted(title),
             1.0 - 24.0 / layout.height()) +
         image_script(cube, summary, window, layout, scratch) + "unset label 1\n" +
         spectrum_script(cube, summary, summary.peak_K, "Brightest place, mean over the beam", 0, layout, scratch) +
         spectrum_script(cube, summary, summary.mean_K, "Mean of the map", 1, layout, scratch) +
         "unset multiplot\nunset output\n";
}

}  // namespace

void plot_cube(const std::string& png_path, const SpectralCube& cube, const std::string& title) {
  draw_png(png_path,
           [&](const std::string& path, const fs::path& scratch) { return make_script(cube, path, title, scratch); });
}

}  // namespace comap
