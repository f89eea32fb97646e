#include "sky/source_positions.hpp"

#include <erfam.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "sky/astrometry.hpp"

namespace comap {
namespace {

struct FixedSource {
  std::string_view name;
  SkyPosition icrs;
};

/// 05:34:31.94 +22:00:52.2, 23:23:24.0 +58:48:54, 19:59:28.356 +40:44:02.097.
constexpr std::array<FixedSource, 3> kFixedSources = {{
    {"TauA", {83.633083333333, 22.0145}},
    {"CasA", {350.85, 58.815}},
    {"CygA", {299.86815, 40.7339158333333}},
}};

struct Planet {
  std::string_view name;
  int number;  ///< of eraPlan94
};
constexpr std::array<Planet, 7> kPlanets = {{
    {"Mercury", 1},
    {"Venus", 2},
    {"Mars", 4},
    {"Jupiter", 5},
    {"Saturn", 6},
    {"Uranus", 7},
    {"Neptune", 8},
}};

/// TDB, to 2 ms: MJD - UTC date plus leap seconds.
double mjd_tt(double mjd_utc) {
  double tai1 = 0, tai2 = 0, tt1 = 0, tt2 = 0;
  if (eraUtctai(ERFA_DJM0, mjd_utc, &tai1, &tai2) < 0 || eraTaitt(tai1, tai2, &tt1, &tt2) < 0) {
    throw ObservationError(fmt::format("MJD {} is no date", mjd_utc));
  }
  return tt1 - ERFA_DJM0 + tt2;
}

SourcePlace planet_place(const Observer& observer, int planet, double mjd_utc) {
  constexpr double kLightDay_per_au = ERFA_AULT / ERFA_DAYSEC;
  constexpr int kLightTimeIterations = 3;  // each is better by v/c = 1e-4
  const eraASTROM astrometry = astrometry_at(observer, mjd_utc);
  const double now_tt = mjd_tt(mjd_utc);
  double direction[3] = {}, distance_au = 0.0;
  for (int i = 0; i < kLightTimeIterations; ++i) {
    double from_sun[2][3];
    // Positive results warn of dates far from now and of slow convergence.
    if (eraPlan94(ERFA_DJM0, now_tt - distance_au * kLightDay_per_au, planet, from_sun) < 0) {
      throw Bug(fmt::format("there is no planet {}", planet));
    }
    for (int axis = 0; axis < 3; ++axis) direction[axis] = from_sun[0][axis] - astrometry.em * astrometry.eh[axis];
    distance_au = eraPm(direction);
  }
  double ra_rad = 0, dec_rad = 0;
  eraC2s(direction, &ra_rad, &dec_rad);
  return {{eraAnp(ra_rad) / kDegree_rad, dec_rad / kDegree_rad}, distance_au};
}

}  // namespace

std::string known_source(std::string_view text) {
  for (const FixedSource& source : kFixedSources) {
    if (contains(lower(text), lower(source.name))) return std::string(source.name);
  }
  for (const Planet& planet : kPlanets) {
    if (contains(lower(text), lower(planet.name))) return std::string(planet.name);
  }
  return "";
}

SourcePlace source_place(const Observer& observer, const std::string& source, double mjd_utc) {
  const auto fixed = std::ranges::find(kFixedSources, source, &FixedSource::name);
  if (fixed != kFixedSources.end()) return {fixed->icrs, std::numeric_limits<double>::infinity()};
  const auto planet = std::ranges::find(kPlanets, source, &Planet::name);
  if (planet == kPlanets.end()) throw ConfigError("the position of the source '" + source + "' is not known");
  return planet_place(observer, planet->number, mjd_utc);
}

SkyPosition relative_to(SkyPosition origin, SkyPosition position) {
  const double d_longitude_rad = (position.longitude_deg - origin.longitude_deg) * kDegree_rad;
  const double latitude_rad = position.latitude_deg * kDegree_rad, origin_rad = origin.latitude_deg * kDegree_rad;
  const double along = std::cos(latitude_rad) * std::cos(d_longitude_rad);
  const double east = std::cos(latitude_rad) * std::sin(d_longitude_rad);
  const double up = std::sin(latitude_rad);
  const double towards = along * std::cos(origin_rad) + up * std::sin(origin_rad);
  const double north = up * std::cos(origin_rad) - along * std::sin(origin_rad);
  return {std::atan2(east, towards) / kDegree_rad, std::atan2(north, std::hypot(east, towards)) / kDegree_rad};
}

double parallactic_angle_rad(const Observer& observer, Horizontal direction) {
  const double latitude_rad = observer.site.latitude_deg * kDegree_rad;
  double hour_angle_rad = 0, dec_rad = 0;
  eraAe2hd(direction.azimuth_deg * kDegree_rad, direction.elevation_deg * kDegree_rad, latitude_rad, &hour_angle_rad,
           &dec_rad);
  return eraHd2pa(hour_angle_rad, dec_rad, latitude_rad);
}

}  // namespace comap
