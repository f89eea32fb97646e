#include "sky/coordinates.hpp"

#include <erfam.h>

#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/astrometry.hpp"

namespace comap {
namespace {

constexpr double kHalfPi_rad = std::numbers::pi / 2.0;

SkyPosition to_degrees(double longitude_rad, double latitude_rad) {
  return {eraAnp(longitude_rad) / kDegree_rad, latitude_rad / kDegree_rad};
}

bool is_finite(double mjd, double longitude, double latitude) {
  return std::isfinite(mjd) && std::isfinite(longitude) && std::isfinite(latitude);
}

/// ICRS to azimuth and elevation for a source at rest at infinity.
Horizontal observed_place(double ra_rad, double dec_rad, eraASTROM& astrometry) {
  double ra_cirs = 0, dec_cirs = 0, azimuth = 0, zenith_distance = 0, hour_angle = 0, dec_observed = 0, ra_observed = 0;
  eraAtciq(ra_rad, dec_rad, 0, 0, 0, 0, &astrometry, &ra_cirs, &dec_cirs);
  eraAtioq(ra_cirs, dec_cirs, &astrometry, &azimuth, &zenith_distance, &hour_angle, &dec_observed, &ra_observed);
  return {azimuth / kDegree_rad, (kHalfPi_rad - zenith_distance) / kDegree_rad};
}

}  // namespace

SkyFrame parse_sky_frame(const std::string& name) {
  if (name == "galactic") return SkyFrame::galactic;
  if (name == "icrs") return SkyFrame::icrs;
  throw ConfigError("unknown frame '" + name + "': use galactic or icrs");
}

SkyPosition icrs_to_galactic(SkyPosition position) {
  double l_rad = 0, b_rad = 0;
  eraIcrs2g(position.longitude_deg * kDegree_rad, position.latitude_deg * kDegree_rad, &l_rad, &b_rad);
  return to_degrees(l_rad, b_rad);
}

SkyPosition galactic_to_icrs(SkyPosition position) {
  double ra_rad = 0, dec_rad = 0;
  eraG2icrs(position.longitude_deg * kDegree_rad, position.latitude_deg * kDegree_rad, &ra_rad, &dec_rad);
  return to_degrees(ra_rad, dec_rad);
}

SkyPosition horizontal_to_sky(const Observer& observer, double mjd_utc, Horizontal direction, SkyFrame frame) {
  if (!is_finite(mjd_utc, direction.azimuth_deg, direction.elevation_deg)) return {kNan, kNan};
  eraASTROM astrometry = astrometry_at(observer, mjd_utc);
  double ra_cirs = 0, dec_cirs = 0, ra = 0, dec = 0;
  eraAtoiq("A", direction.azimuth_deg * kDegree_rad, kHalfPi_rad - direction.elevation_deg * kDegree_rad, &astrometry,
           &ra_cirs, &dec_cirs);
  eraAticq(ra_cirs, dec_cirs, &astrometry, &ra, &dec);
  const SkyPosition icrs = to_degrees(ra, dec);
  return frame == SkyFrame::galactic ? icrs_to_galactic(icrs) : icrs;
}

Horizontal sky_to_horizontal(const Observer& observer, double mjd_utc, SkyPosition position, SkyFrame frame) {
  if (!is_finite(mjd_utc, position.longitude_deg, position.latitude_deg)) return {kNan, kNan};
  const SkyPosition icrs = frame == SkyFrame::galactic ? galactic_to_icrs(position) : position;
  eraASTROM astrometry = astrometry_at(observer, mjd_utc);
  return observed_place(icrs.longitude_deg * kDegree_rad, icrs.latitude_deg * kDegree_rad, astrometry);
}

double sun_elevation_deg(const Observer& observer, double mjd_utc) {
  if (!std::isfinite(mjd_utc)) return kNan;
  eraASTROM astrometry = astrometry_at(observer, mjd_utc);
  double to_sun[3];
  eraSxp(-1.0, astrometry.eh, to_sun);
  double ra_rad = 0, dec_rad = 0;
  eraC2s(to_sun, &ra_rad, &dec_rad);
  return observed_place(ra_rad, dec_rad, astrometry).elevation_deg;
}

}  // namespace comap
