#pragma once
/// \file
/// Structure of the sky inside pixels, from a first map.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "destripe/problem.hpp"
#include "map/products/map_pieces.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Position of a sample in its pixel: [x, y] from the centre, in kSubpixelSteps to the pixel.
using WithinPixel = std::array<std::int8_t, 2>;
inline constexpr double kSubpixelSteps = 254.0;

/// A smooth surface near the pixel values of a map: in every hit pixel the quadratic B-spline of it and its eight
/// neighbours, with their values as coefficients. That smooths by half a pixel, little against a beam, and adds less
/// noise than an interpolating spline would. A neighbour without a value takes the mean of its own neighbours that
/// have one, off the grid the value of the pixel itself. Where the axes of a HEALPix grid turn, at the borders of its
/// twelve squares, the surface has a kink.
class MapSurface {
 public:
  /// `map` has the pixels of all ranks.
  MapSurface(const MapPiece& map, const MapGrid& grid);

  /// Surface at a position minus that at the pixel's centre; 0 in pixels without hits.
  double structure_K(std::int64_t pixel, double x_within, double y_within) const;

 private:
  /// Factors of x, x^2, y, xy, x^2 y, y^2, x y^2, x^2 y^2.
  using Polynomial = std::array<float, 8>;

  HitPixels hit_;
  std::vector<Polynomial> polynomial_;  ///< [hit pixel]
};

/// structure_K of every sample; 0 for those without pixel. [sample], where `pixel` is
LargeVector<float> subpixel_structure(const MapSurface& surface, const LargeVector<std::int32_t>& pixel,
                                      std::span<const WithinPixel> within);

}  // namespace comap
