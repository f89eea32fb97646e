#pragma once
/// \file
/// A temperature map of the whole sky, e.g. Planck's.

#include <memory>
#include <string>

#include "sky/coordinates.hpp"

namespace comap {

/// HEALPix map in Galactic coordinates from the first column of the first table of a FITS file; RING or NESTED, K, mK
/// or uK by its TUNIT (K when it has none). With INDXSCHM = EXPLICIT the first column has pixel numbers and the second
/// the values of these pixels.
class HealpixSky {
 public:
  /// Throws IoError naming the file: unreadable, no HEALPix table, or another coordinate system by COORDSYS.
  explicit HealpixSky(const std::string& fits_file);
  ~HealpixSky();
  HealpixSky(HealpixSky&&) noexcept;

  /// Value of the pixel at a Galactic position [K]; NaN where the map has none or the position is NaN.
  double temperature_K(SkyPosition galactic) const;

 private:
  struct Map;
  std::unique_ptr<const Map> map_;
};

}  // namespace comap
