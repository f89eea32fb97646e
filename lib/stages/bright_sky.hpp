#pragma once
/// \file
/// Which samples look at bright sky.

#include <string>
#include <vector>

#include "io/level1/level1_metadata.hpp"
#include "sky/healpix_map.hpp"

namespace comap {

/// Samples at which a map of the sky is at or above a limit.
class BrightSky {
 public:
  /// Throws IoError.
  BrightSky(const std::string& map_file, double limit_K) : map_(map_file), limit_K_(limit_K) {}

  /// 1 where the map is bright at the position of `feed`, else 0 [sample]; from azimuth and elevation at the site.
  std::vector<std::uint8_t> mask(const Level1Metadata& level1, int feed) const;

 private:
  HealpixSky map_;
  double limit_K_;
};

}  // namespace comap
