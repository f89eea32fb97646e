#pragma once
/// \file
/// The part of a map that its Fourier modes are taken of: a flat window with soft borders.

#include <cstdint>
#include <span>
#include <vector>

#include "sky/wcs.hpp"

namespace comap {

/// A rectangle of pixels, taken for flat, with the weights of its pixels.
struct FlatWindow {
  std::int64_t x_begin = 0, y_begin = 0;  ///< in the map
  std::int64_t n_x = 0, n_y = 0;
  double pixel_x_rad = 0.0, pixel_y_rad = 0.0;  ///< on the sky, at the middle of the window
  std::vector<double> taper;                    ///< [y][x], 0 outside the mapped area to 1 inside
  std::vector<bool> valid;                      ///< [y][x]
};

/// Pixel size on the sky [rad] in x and y around the pixel coordinates (x, y).
struct PixelSize {
  double x_rad = 0.0, y_rad = 0.0;
};
PixelSize pixel_size_at(const Wcs& wcs, double x, double y);

/// The window around the pixels that are `valid` [y][x]. Gaps up to 2 `closed_pixels` wide belong to the mapped area;
/// the taper rises as sin^2 from its edge over `taper_pixels` (distance along x or y, whichever is larger). Throws
/// ObservationError when nothing is valid.
FlatWindow make_window(const Wcs& wcs, const std::vector<bool>& valid, std::int64_t closed_pixels,
                       std::int64_t taper_pixels);

/// The window of an image [y][x]: pixels inside the area that are not valid get the mean of their neighbours (from the
/// edge of the gap inwards), the mean weighted by the taper is subtracted, and the taper is applied.
std::vector<double> windowed(const FlatWindow& window, std::span<const double> image, std::int64_t image_n_x);

}  // namespace comap
