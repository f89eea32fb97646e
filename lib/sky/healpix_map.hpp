#pragma once
/// \file
/// All-sky maps in HEALPix pixels, e.g. Planck at 30 GHz.

#include <string>
#include <vector>

#include "sky/coordinates.hpp"

namespace comap {

/// A temperature map in Galactic coordinates, RING or NESTED.
class HealpixMap {
 public:
  /// First column of the first table of a HEALPix FITS file, in K or mK or uK by TUNIT (K when it says nothing).
  /// Throws ConfigError naming the file: it is a setting that names it.
  static HealpixMap read(const std::string& file);

  /// Value of the pixel that contains the position [K]; NaN where the map has none.
  double at(SkyPosition galactic) const;

 private:
  std::vector<float> values_K_;
  int nside_ = 0;
  bool nested_ = false;
};

}  // namespace comap
