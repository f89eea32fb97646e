#include "map/prepare/pointing_sums.hpp"

#include <cmath>

#include "core/constants.hpp"

namespace comap {

void add(PointingSums& to, const PointingSums& from) {
  to.n += from.n;
  to.sin_azimuth += from.sin_azimuth;
  to.cos_azimuth += from.cos_azimuth;
  to.elevation_deg += from.elevation_deg;
  to.mjd += from.mjd;
}

PointingSums sums_of(std::span<const double> mjd, std::span<const double> azimuth_deg,
                     std::span<const double> elevation_deg) {
  PointingSums sums;
  for (std::size_t i = 0; i < mjd.size(); ++i) {
    add(sums, {1.0, std::sin(azimuth_deg[i] * kDegree_rad), std::cos(azimuth_deg[i] * kDegree_rad), elevation_deg[i],
               mjd[i]});
  }
  return sums;
}

}  // namespace comap
