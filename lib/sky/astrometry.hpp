#pragma once
/// \file
/// The astrometry context of ERFA for an observer and a time; only for the sources of lib/sky.

#include <erfa.h>

#include "sky/earth_orientation.hpp"

namespace comap {

/// Star-independent parameters between ICRS and the observed place (eraApco13): Earth position and velocity,
/// precession-nutation, Earth rotation, polar motion, refraction constants. About 30 us.
/// Throws ObservationError for a time that is no date.
eraASTROM astrometry_at(const Observer& observer, double mjd_utc);

}  // namespace comap
