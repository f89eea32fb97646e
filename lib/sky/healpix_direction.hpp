#pragma once
/// \file
/// Angles of the HEALPix library; only for the sources of lib/sky.

#include <pointing.h>

#include "core/constants.hpp"
#include "sky/coordinates.hpp"

namespace comap {

inline constexpr double kPoleLatitude_deg = 90.0;

inline pointing direction_of(SkyPosition position) {
  return {(kPoleLatitude_deg - position.latitude_deg) * kDegree_rad, position.longitude_deg * kDegree_rad};
}

inline SkyPosition position_of(const pointing& direction) {
  return {direction.phi / kDegree_rad, kPoleLatitude_deg - direction.theta / kDegree_rad};
}

}  // namespace comap
