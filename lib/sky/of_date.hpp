#pragma once
/// \file
/// Right ascensions and declinations that are not ICRS.

#include "sky/coordinates.hpp"

namespace comap {

/// ICRS position of one referred to the true equator and equinox of `mjd_utc` (precession and nutation, IAU 2006;
/// aberration, up to 20 arcsec, stays in it).
SkyPosition of_date_to_icrs(double mjd_utc, SkyPosition position);

/// TAI - UTC [s] at a time; throws ObservationError for one that is no date.
double tai_minus_utc_s(double mjd_utc);

/// Angle between two directions [deg].
double separation_deg(SkyPosition a, SkyPosition b);

}  // namespace comap
