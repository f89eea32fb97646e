#pragma once
/// \file
/// Pixels of equal area on the whole sky: HEALPix in NESTED order (Gorski et al. 2005, ApJ 622, 759).

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "sky/coordinates.hpp"

namespace comap {

struct HealpixDefinition {
  int nside = 0;
  SkyFrame frame = SkyFrame::galactic;
};

/// The largest nside whose pixel numbers fit into 32 bits.
inline constexpr int kMaxNside = 8192;
/// The fault of an nside, for a message; empty when there is none.
std::string nside_problem(std::int64_t nside);

class HealpixGrid {
 public:
  /// Throws ConfigError when nside is not a power of two from 1 to kMaxNside.
  explicit HealpixGrid(const HealpixDefinition& definition);

  const HealpixDefinition& definition() const { return definition_; }
  std::int64_t n_pixels() const { return 12 * std::int64_t{definition_.nside} * definition_.nside; }
  /// Side of a square of a pixel's area.
  double pixel_size_deg() const;

  /// Pixels of positions; -1 for NaN. `x_within` and `y_within`, unless empty, say where in the pixel in 256 steps:
  /// from -0.5 to 0.5 along its south-east and south-west sides, towards the north-east and the north-west.
  void pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                   std::span<std::int64_t> index, std::span<float> x_within, std::span<float> y_within) const;
  SkyPosition pixel_centre(std::int64_t pixel) const;
  /// In the order of MapGrid::neighbours; -1 for the one that a pixel lacks where three of the twelve squares meet.
  std::array<std::int64_t, 8> neighbours(std::int64_t pixel) const;

 private:
  struct Bases;
  HealpixDefinition definition_;
  std::shared_ptr<const Bases> bases_;
};

}  // namespace comap
