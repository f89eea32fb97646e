#pragma once
/// \file
/// Sine, cosine and arc tangent without branches or calls, so that loops over samples become vector instructions;
/// only for the sources of lib/sky. Errors stay below 1e-11 rad (2e-6 arcsec). NaN in, NaN out.

#include <cmath>
#include <numbers>

#include "core/constants.hpp"

namespace comap {

struct SineCosine {
  double sine, cosine;
};

/// Taylor series on -45 to 45 degrees, the first left-out terms are below 1e-15.
inline SineCosine sine_cosine_deg(double angle_deg) {
  const double quarter = std::nearbyint(angle_deg * (1.0 / 90.0));
  const double r = (angle_deg - 90.0 * quarter) * kDegree_rad, q = r * r;
  const double s =
      r *
      (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0 * (1.0 - q / 156.0))))));
  const double c =
      1.0 -
      q / 2.0 *
          (1.0 -
           q / 12.0 * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0 * (1.0 - q / 132.0 * (1.0 - q / 182.0))))));
  const double quadrant = quarter - 4.0 * std::floor(quarter * 0.25);
  const bool is_odd = quadrant == 1.0 || quadrant == 3.0;
  const double sine = is_odd ? c : s, cosine = is_odd ? s : c;
  return {quadrant >= 2.0 ? -sine : sine, quadrant == 1.0 || quadrant == 2.0 ? -cosine : cosine};
}

/// Angle of the point (a, b) from the a axis, a >= 0 and b >= 0 and not both 0 [rad]. Above tan(pi/8) turned back by
/// pi/4, then the Taylor series of the arc tangent.
inline double angle_in_first_quadrant(double a, double b) {
  constexpr double kTanEighth = 0.41421356237309503;
  const double high = a > b ? a : b, low = a > b ? b : a;
  const bool is_turned = low > kTanEighth * high;
  const double t = (is_turned ? low - high : low) / (is_turned ? low + high : high), q = t * t;
  double series = 1.0 / 25.0;
  for (int n = 23; n > 0; n -= 2) series = 1.0 / n - q * series;
  const double angle = t * series + (is_turned ? std::numbers::pi / 4.0 : 0.0);
  return b > a ? std::numbers::pi / 2.0 - angle : angle;
}

}  // namespace comap
