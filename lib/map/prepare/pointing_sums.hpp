#pragma once
/// \file
/// Mean direction and time of the samples of a map.

#include <span>

namespace comap {

/// Sums over the samples of a map, for the means in its header.
struct PointingSums {
  double n = 0.0, sin_azimuth = 0.0, cos_azimuth = 0.0, elevation_deg = 0.0, mjd = 0.0;
};

void add(PointingSums& to, const PointingSums& from);

/// Arrays [sample], UTC days and degrees.
PointingSums sums_of(std::span<const double> mjd, std::span<const double> azimuth_deg,
                     std::span<const double> elevation_deg);

}  // namespace comap
