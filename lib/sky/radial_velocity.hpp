#pragma once
/// \file
/// How fast the observer moves towards a direction, for frequencies in the local standard of rest.

#include "sky/coordinates.hpp"

namespace comap {

/// Velocity of the observer towards a direction on the sky, relative to the kinematic local standard of rest (LSRK):
/// Earth's rotation and motion about the barycentre (eraApco13), and the Sun's standard motion, 20 km/s towards
/// (18h, +30 deg) of 1900. A line at rest in the LSRK is observed at a frequency higher by 1 + velocity / c.
/// First order in velocity / c, which is off by 5 m/s. Throws ObservationError for a time that is no date.
double velocity_towards_km_s(const Observer& observer, double mjd_utc, SkyPosition direction, SkyFrame frame);

}  // namespace comap
