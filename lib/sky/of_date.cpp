#include "sky/of_date.hpp"

#include <erfa.h>
#include <erfam.h>
#include <fmt/core.h>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {

SkyPosition of_date_to_icrs(double mjd_utc, SkyPosition position) {
  double matrix[3][3], of_date[3], icrs[3], ra_rad = 0.0, dec_rad = 0.0;
  eraPnm06a(ERFA_DJM0, mjd_utc, matrix);  // UTC for TT: precession of a minute is nothing
  eraS2c(position.longitude_deg * kDegree_rad, position.latitude_deg * kDegree_rad, of_date);
  eraTrxp(matrix, of_date, icrs);
  eraC2s(icrs, &ra_rad, &dec_rad);
  return {eraAnp(ra_rad) / kDegree_rad, dec_rad / kDegree_rad};
}

double tai_minus_utc_s(double mjd_utc) {
  int year = 0, month = 0, day = 0;
  double fraction = 0.0, difference_s = 0.0;
  if (eraJd2cal(ERFA_DJM0, mjd_utc, &year, &month, &day, &fraction) < 0 ||
      eraDat(year, month, day, fraction, &difference_s) < 0) {
    throw ObservationError(fmt::format("MJD {} is no date", mjd_utc));
  }
  return difference_s;
}

double separation_deg(SkyPosition a, SkyPosition b) {
  return eraSeps(a.longitude_deg * kDegree_rad, a.latitude_deg * kDegree_rad, b.longitude_deg * kDegree_rad,
                 b.latitude_deg * kDegree_rad) /
         kDegree_rad;
}

}  // namespace comap
