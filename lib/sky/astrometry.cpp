#include "sky/astrometry.hpp"

#include <erfam.h>
#include <fmt/core.h>

#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

/// Air for the refraction constants of eraRefco; all zero = no refraction.
struct Air {
  double pressure_hPa = 0.0;
  double temperature_C = 0.0;
  double relative_humidity = 0.0;
  double wavelength_um = 1e4;  // 30 GHz; ERFA takes radio refraction above 100 um
};

/// ICAO standard atmosphere at the height of the site, half saturated.
Air standard_air(double height_m) {
  constexpr double kPressure_hPa = 1013.25, kTemperature_C = 15.0, kLapse_C_per_m = 0.0065, kExponent = 5.25588;
  constexpr double kRelativeHumidity = 0.5;
  Air air;
  air.temperature_C = kTemperature_C - kLapse_C_per_m * height_m;
  const double ratio = (air.temperature_C + kZeroCelsius_K) / (kTemperature_C + kZeroCelsius_K);
  air.pressure_hPa = kPressure_hPa * std::pow(ratio, kExponent);
  air.relative_humidity = kRelativeHumidity;
  return air;
}

}  // namespace

eraASTROM astrometry_at(const Observer& observer, double mjd_utc) {
  const EarthOrientation earth = observer.orientation.at(mjd_utc);
  const Air air = observer.refraction ? standard_air(observer.site.height_m) : Air{};
  eraASTROM astrometry;
  double equation_of_origins = 0.0;
  const int status =
      eraApco13(ERFA_DJM0, mjd_utc, earth.ut1_utc_s, observer.site.longitude_deg * kDegree_rad,
                observer.site.latitude_deg * kDegree_rad, observer.site.height_m, earth.pole_x_arcsec * kArcsecond_rad,
                earth.pole_y_arcsec * kArcsecond_rad, air.pressure_hPa, air.temperature_C, air.relative_humidity,
                air.wavelength_um, &astrometry, &equation_of_origins);
  if (status < 0) throw ObservationError(fmt::format("MJD {} is no date", mjd_utc));
  return astrometry;
}

}  // namespace comap
