#include "io/plot/map_plot.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/error.hpp"
#include "io/plot/gnuplot.hpp"
#include "io/plot/map_picture.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr double kMilli = 1000.0;                 // mK in K
constexpr std::int64_t kMaxPicturePixels = 1500;  // along an axis; more cannot be seen

// Sequential palettes of even lightness, dark to bright.
constexpr std::string_view kSkyPalette =
    "0 '#000004', 1 '#1b0c41', 2 '#4a0c6b', 3 '#781c6d', 4 '#a52c60', 5 '#cf4446', 6 '#ed6925', 7 '#fb9b06', "
    "8 '#f7d13d', 9 '#fcffa4'";
constexpr std::string_view kCountPalette =
    "0 '#440154', 1 '#472c7a', 2 '#3b518b', 3 '#2c718e', 4 '#21908d', 5 '#27ad81', 6 '#5cc863', 7 '#aadc32', "
    "8 '#fde725'";
// Blue through white to red, for differences.
constexpr std::string_view kDifferencePalette =
    "0 '#053061', 1 '#4393c3', 2 '#d1e5f0', 3 '#ffffff', 4 '#fddbc7', 5 '#d6604d', 6 '#67001f'";

/// Sizes in pixels of the PNG.
struct Layout {
  double width = 560.0, height = 560.0;  ///< of one image
  int n_columns = 2, n_rows = 2;
  static constexpr double kLeft = 92.0, kRight = 128.0, kBelow = 66.0, kAbove = 44.0, kTitle = 56.0, kBar = 18.0;

  double panel_width() const { return kLeft + width + kRight; }
  double panel_height() const { return kAbove + height + kBelow; }
  double canvas_width() const { return n_columns * panel_width(); }
  double canvas_height() const { return kTitle + n_rows * panel_height(); }
};

Layout layout_for(double aspect, int n_panels) {
  constexpr double kWideAspect = 0.4, kWideWidth = 1150.0, kMinHeight = 150.0, kMaxHeight = 760.0, kMinWidth = 200.0;
  Layout layout;
  layout.n_rows = (n_panels + 1) / 2;
  if (aspect < kWideAspect) {
    layout.n_columns = 1;
    layout.n_rows = n_panels;
    layout.width = kWideWidth;
  }
  layout.height = std::max(kMinHeight, layout.width * aspect);
  if (layout.height > kMaxHeight) {
    layout.width = std::max(kMinWidth, layout.width * kMaxHeight / layout.height);
    layout.height = kMaxHeight;
  }
  return layout;
}

struct Panel {
  std::string title;
  std::string unit;
  std::string_view palette;
  double scale = 1.0;
  enum class Limits { robust, from_zero, symmetric } limits = Limits::robust;
  std::vector<float> values;  ///< [y][x]; NaN is not drawn
};

Panel panel_of(const ImageValues& image, const std::vector<std::uint8_t>& mask) {
  return {std::string(image.title),
          std::string(image.label),
          image.is_sky ? kSkyPalette : kCountPalette,
          image.unit == "K" ? kMilli : 1.0,
          image.unit.empty() ? Panel::Limits::from_zero : Panel::Limits::robust,
          masked(image.values, mask)};
}

/// Everything common to the panels.
std::string script_head(const WcsDefinition& wcs, const PixelWindow& window, const Layout& layout,
                        const std::string& png_path, const std::string& title) {
  const bool galactic = wcs.ctype[0].starts_with("GLON");
  return fmt::format(
      "set terminal pngcairo size {:.0f},{:.0f} font 'sans,13' background '#ffffff'\n"
      "set output {}\n"
      "set multiplot\n"
      "set label 1 {} noenhanced at screen 0.5, screen {:.6f} center font 'sans,18'\n"
      "set xrange [{:.1f}:{:.1f}]\nset yrange [{:.1f}:{:.1f}]\n"
      "set xtics ({}) out nomirror\nset ytics ({}) out nomirror\n"
      "set xlabel '{} [deg]' offset 0,0.3\nset ylabel '{} [deg]' offset 0.8,0\n"
      "set border linewidth 1.2 linecolor '#404040'\nset tics textcolor '#000000'\nunset key\n",
      layout.canvas_width(), layout.canvas_height(), gnuplot_quoted(png_path), gnuplot_quoted(title),
      1.0 - 0.6 * Layout::kTitle / layout.canvas_height(), static_cast<double>(window.x_begin) - 0.5,
      static_cast<double>(window.x_end) - 0.5, static_cast<double>(window.y_begin) - 0.5,
      static_cast<double>(window.y_end) - 0.5, tick_list(longitude_ticks(wcs, window)),
      tick_list(latitude_ticks(wcs, window)), galactic ? "Galactic longitude" : "Right ascension",
      galactic ? "Galactic latitude" : "Declination");
}

/// Places the image and its colour bar on the canvas; panels are counted in reading order.
std::string script_place(const Layout& layout, int panel) {
  const int row = panel / layout.n_columns, column = panel % layout.n_columns;
  const double left = column * layout.panel_width() + Layout::kLeft;
  const double top = Layout::kTitle + row * layout.panel_height() + Layout::kAbove;
  const double x_scale = 1.0 / layout.canvas_width(), y_scale = 1.0 / layout.canvas_height();
  const double bottom = 1.0 - (top + layout.height) * y_scale;
  return fmt::format(
      "set lmargin at screen {:.6f}\nset rmargin at screen {:.6f}\nset bmargin at screen {:.6f}\n"
      "set tmargin at screen {:.6f}\nset colorbox vertical user origin screen {:.6f}, screen {:.6f} size screen "
      "{:.6f}, "
      "screen {:.6f}\n",
      left * x_scale, (left + layout.width) * x_scale, bottom, 1.0 - top * y_scale,
      (left + layout.width + Layout::kBar) * x_scale, bottom, Layout::kBar * x_scale, layout.height * y_scale);
}

std::string script_panel(const Panel& panel, const Picture& picture, const PixelWindow& window, std::int64_t step,
                         double height, const std::string& data_file) {
  constexpr double kTickDistance = 48.0;  // pixels of the PNG
  ColourLimits limits = robust_limits(picture.values);
  if (panel.limits == Panel::Limits::from_zero) limits.low = 0.0;
  if (panel.limits == Panel::Limits::symmetric) {
    limits.high = std::max(std::abs(limits.low), std::abs(limits.high));
    limits.low = -limits.high;
  }
  const double first = 0.5 * static_cast<double>(step - 1);  // centre of a block of step pixels
  return fmt::format(
      "set title '{}' offset 0,-0.4 font 'sans,15'\nset cblabel '{}' offset 1.2,0\nset cbrange [{:.8g}:{:.8g}]\n"
      "set cbtics {:.8g}\n"
      "set palette defined ({})\n"
      "plot {} binary array=({},{}) format='%float' origin=({:.3f},{:.3f}) dx={} dy={} with image\n"
      "unset label 1\n",
      panel.title, panel.unit, limits.low, limits.high, round_step(limits.high - limits.low, height / kTickDistance),
      panel.palette, gnuplot_quoted(data_file), picture.n_x, picture.n_y, static_cast<double>(window.x_begin) + first,
      static_cast<double>(window.y_begin) + first, step, step);
}

void write_binary(const std::string& path, const std::vector<float>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!file.flush()) throw IoError(path + ": cannot write the data of a plot; is the temporary directory full?");
}

/// Writes the data files and returns the whole script.
std::string make_script(const WcsDefinition& wcs, const PixelWindow& window, const std::vector<Panel>& panels,
                        const std::string& png_path, const std::string& title, const fs::path& scratch) {
  const std::int64_t step = 1 + (std::max(window.width(), window.height()) - 1) / kMaxPicturePixels;
  const Layout layout = layout_for(sky_aspect(wcs, window), static_cast<int>(panels.size()));
  std::string script = script_head(wcs, window, layout, png_path, title);
  int number = 0;
  for (const Panel& panel : panels) {
    Picture picture = picture_of(panel.values, wcs, window, step);
    for (float& value : picture.values) value *= static_cast<float>(panel.scale);
    const std::string data_file = (scratch / fmt::format("panel_{}.bin", number)).string();
    write_binary(data_file, picture.values);
    script += script_place(layout, number++) + script_panel(panel, picture, window, step, layout.height, data_file);
  }
  return script + "unset multiplot\nunset output\n";
}

void draw_panels(const std::string& png_path, const ContinuumMap& map, const std::vector<Panel>& panels,
                 const std::string& title) {
  const PixelWindow window = observed_window(map);
  draw_png(png_path, [&](const std::string& path, const fs::path& scratch) {
    return make_script(map.wcs, window, panels, path, title, scratch);
  });
}

}  // namespace

void plot_map(const std::string& png_path, const ContinuumMap& map, const std::string& title) {
  check_images(map);
  const ContinuumMap projected = map.healpix ? projected_for_picture(map) : ContinuumMap();
  const ContinuumMap& shown = map.healpix ? projected : map;
  std::vector<Panel> panels;
  for (const ImageValues& image : shown.images) panels.push_back(panel_of(image, shown.mask));
  draw_panels(png_path, shown, panels, title);
}

void plot_difference(const std::string& png_path, const ContinuumMap& difference, const std::string& title) {
  const ContinuumMap projected = difference.healpix ? projected_for_picture(difference) : ContinuumMap();
  const ContinuumMap& shown = difference.healpix ? projected : difference;
  std::vector<float> over_noise(shown.destriped_K().size());
  std::ranges::transform(shown.destriped_K(), shown.image("RMS"), over_noise.begin(), std::divides<>());
  const auto symmetric = Panel::Limits::symmetric;
  draw_panels(
      png_path, shown,
      {{"Difference", "T_{RJ} [mK]", kDifferencePalette, kMilli, symmetric, masked(shown.destriped_K(), shown.mask)},
       {"Difference over noise", "sigma", kDifferencePalette, 1.0, symmetric, masked(over_noise, shown.mask)}},
      title);
}

}  // namespace comap
