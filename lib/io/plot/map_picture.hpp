#pragma once
/// \file
/// The contents of a picture of a map: the observed window, colour limits, ticks; only for the sources of lib/io.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {

/// A rectangle of pixels, ends exclusive.
struct PixelWindow {
  std::int64_t x_begin = 0, x_end = 0;
  std::int64_t y_begin = 0, y_end = 0;
  std::int64_t width() const { return x_end - x_begin; }
  std::int64_t height() const { return y_end - y_begin; }
};

/// A HEALPix map on a CAR grid around its unmasked pixels, each point with the value of the pixel that it lies in.
ContinuumMap projected_for_picture(const ContinuumMap& map);

/// The pixels whose mask is 0 with a small margin; the whole grid when there are none.
PixelWindow observed_window(const ContinuumMap& map);

/// The window of an image, `step` x `step` pixels averaged into one (NaN left out).
struct Picture {
  std::int64_t n_x = 0, n_y = 0;
  std::vector<float> values;  ///< [y][x]
};
Picture picture_of(const std::vector<float>& image, const WcsDefinition& wcs, const PixelWindow& window,
                   std::int64_t step);

struct ColourLimits {
  double low = 0.0, high = 1.0;
};
/// 1 and 99 percentile of the finite values, never equal.
ColourLimits robust_limits(const std::vector<float>& values);

/// The smallest of 1, 2, 5 times a power of ten that divides `span` > 0 into at most `n_steps`.
double round_step(double span, double n_steps);

/// A tick of an axis: place in pixel coordinates, label in degrees.
struct AxisTick {
  double pixel = 0.0;
  std::string label;
};
/// Round longitudes along the lower border of the window and round latitudes along its left one.
std::vector<AxisTick> longitude_ticks(const WcsDefinition& wcs, const PixelWindow& window);
std::vector<AxisTick> latitude_ticks(const WcsDefinition& wcs, const PixelWindow& window);
/// As gnuplot takes them: "'12h' 3.5, ...".
std::string tick_list(const std::vector<AxisTick>& ticks);

/// Height over width of the window on the sky.
double sky_aspect(const WcsDefinition& wcs, const PixelWindow& window);

}  // namespace comap
