#include "sky/radial_velocity.hpp"

#include <erfam.h>

#include "core/constants.hpp"
#include "sky/astrometry.hpp"

namespace comap {
namespace {

constexpr double kSolarMotion_km_s = 20.0;
/// (18h, +30 deg) of the equinox 1900, in ICRS.
constexpr SkyPosition kSolarApex = {270.95954, 30.00467};

}  // namespace

double velocity_towards_km_s(const Observer& observer, double mjd_utc, SkyPosition direction, SkyFrame frame) {
  const SkyPosition icrs = frame == SkyFrame::galactic ? galactic_to_icrs(direction) : direction;
  double towards[3], apex[3];
  eraS2c(icrs.longitude_deg * kDegree_rad, icrs.latitude_deg * kDegree_rad, towards);
  eraS2c(kSolarApex.longitude_deg * kDegree_rad, kSolarApex.latitude_deg * kDegree_rad, apex);
  eraASTROM astrometry = astrometry_at(observer, mjd_utc);
  return eraPdp(astrometry.v, towards) * kLightSpeed_km_s + kSolarMotion_km_s * eraPdp(apex, towards);
}

}  // namespace comap
