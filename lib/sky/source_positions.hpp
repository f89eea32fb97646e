#pragma once
/// \file
/// Where the calibration sources are.

#include <optional>
#include <string>
#include <string_view>

#include "sky/coordinates.hpp"

namespace comap {

/// Name of the source of known position that `text` contains, without regard to case: TauA, CasA, CygA, Mercury, Venus,
/// Mars, Jupiter, Saturn, Uranus or Neptune. Empty when there is none.
std::string known_source(std::string_view text);

/// Direction to a source as its signal arrives, and how far it is.
struct SourcePlace {
  SkyPosition icrs;
  double distance_au = 0.0;  ///< from the observer; infinite for fixed sources
};

/// ICRS direction of a source from the observer, to be used like that of a star at rest: sky_to_horizontal() gives
/// where it is seen. TauA, CasA and CygA are fixed. Planets: heliocentric series of Simon et al. 1994 (A&A 282, 663;
/// eraPlan94) at the time the light left, seen from the observer's place (eraApco13): light time and topocentric
/// parallax are in it. The errors that are left are those of the series (its rms against DE200 over 1960-2025, as ERFA
/// states it, at the mean distance): Venus 1, Mars 7, Jupiter 19, Saturn 29, Uranus 40, Neptune 7 arcsec.
///
/// `source` is a name that known_source() returns; throws ConfigError for another. Throws ObservationError for a time
/// that is no date.
SourcePlace source_place(const Observer& observer, const std::string& source, double mjd_utc);

/// `position` in spherical coordinates in which `origin` is at (0, 0) and its meridian is the meridian: longitude
/// (-180 to 180, growing to the east) and latitude.
SkyPosition relative_to(SkyPosition origin, SkyPosition position);

/// Angle at the source from the direction to the celestial pole to that to the zenith, east of north, of a direction
/// given by azimuth and elevation:  atan2(sin H, tan(phi) cos(dec) - sin(dec) cos(H)).
double parallactic_angle_rad(const Observer& observer, Horizontal direction);

}  // namespace comap
