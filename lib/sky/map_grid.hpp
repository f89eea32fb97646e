#pragma once
/// \file
/// The pixels of a map, whatever kind of grid they are on: the only place where a sample finds its pixel.

#include <array>
#include <cstdint>
#include <span>
#include <variant>

#include "sky/healpix_grid.hpp"
#include "sky/wcs.hpp"

namespace comap {

using GridDefinition = std::variant<WcsDefinition, HealpixDefinition>;

/// Offsets of the neighbours in the order of MapGrid::neighbours, along the x and y of positions within a pixel. On a
/// HEALPix grid these are south-west, west, north-west, north, north-east, east, south-east, south.
inline constexpr std::array<int, 8> kNeighbourX = {-1, -1, 0, 1, 1, 1, 0, -1};
inline constexpr std::array<int, 8> kNeighbourY = {0, 1, 1, 1, 0, -1, -1, -1};

/// Pixel numbers from n_pixels() on are those of further maps on the same grid, one map after the other.
class MapGrid {
 public:
  /// Throws ConfigError for a grid that cannot be.
  explicit MapGrid(const GridDefinition& definition);

  GridDefinition definition() const;
  SkyFrame frame() const;
  std::int64_t n_pixels() const;
  /// Pixels in a row; 0 on a HEALPix grid, which has none.
  std::int64_t n_columns() const;
  /// Rows go all around the sky: the last pixel of each is beside the first. False on a HEALPix grid.
  bool is_closed() const;

  /// Side of a pixel.
  double pixel_size_deg() const;

  /// Pixel of every position in frame(), -1 off the grid or for NaN; and, unless these spans are empty, where in the
  /// pixel: coordinates from its centre, -0.5 to 0.5, undefined off the grid.
  void pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                   std::span<std::int64_t> index, std::span<float> x_within, std::span<float> y_within) const;
  /// Positions of pixel centres in frame().
  void pixel_centres(std::span<const std::int64_t> pixel, std::span<double> longitude_deg,
                     std::span<double> latitude_deg) const;
  /// The eight pixels around one, in the order of kNeighbourX and kNeighbourY; -1 where there is none.
  std::array<std::int64_t, 8> neighbours(std::int64_t pixel) const;

 private:
  std::variant<Wcs, HealpixGrid> grid_;
};

}  // namespace comap
