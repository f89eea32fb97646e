#include "map/prepare/scan_track.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kStripOfDeviation = 3.4641016151377544;  // sqrt(12): an even distribution in units of its deviation

/// Second moments of positions about their mean, in a plane.
struct Moments {
  double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;

  void add(double x_deg, double y_deg) {
    n += 1.0;
    x += x_deg;
    y += y_deg;
    xx += x_deg * x_deg;
    yy += y_deg * y_deg;
    xy += x_deg * y_deg;
  }
  /// Variance across the direction whose double has this cosine and sine.
  double across(double cosine, double sine) const {
    const double var_x = xx / n - x / n * x / n, var_y = yy / n - y / n * y / n, covariance = xy / n - x / n * y / n;
    return 0.5 * (var_x + var_y) - 0.5 * (var_x - var_y) * cosine - covariance * sine;
  }
};

}  // namespace

void add(PointingSums& to, const PointingSums& from) {
  to.n += from.n;
  to.sin_azimuth += from.sin_azimuth;
  to.cos_azimuth += from.cos_azimuth;
  to.elevation_deg += from.elevation_deg;
  to.mjd += from.mjd;
}

PointingSums sums_of(std::span<const double> mjd, std::span<const double> azimuth_deg,
                     std::span<const double> elevation_deg) {
  PointingSums sums;
  for (std::size_t i = 0; i < mjd.size(); ++i) {
    add(sums, {1.0, std::sin(azimuth_deg[i] * kDegree_rad), std::cos(azimuth_deg[i] * kDegree_rad), elevation_deg[i],
               mjd[i]});
  }
  return sums;
}

void ScanTrack::add(const ScanTrack& other) {
  square_deg2 += other.square_deg2;
  cosine_deg2 += other.cosine_deg2;
  sine_deg2 += other.sine_deg2;
  n_samples += other.n_samples;
  width_sum_deg += other.width_sum_deg;
}

double ScanTrack::crossing_deg() const {
  if (!(square_deg2 > 0.0)) return kNan;
  const double alignment = std::min(std::hypot(cosine_deg2, sine_deg2) / square_deg2, 1.0);
  return std::acos(alignment) / kDegree_rad;
}

double ScanTrack::width_deg() const { return n_samples > 0.0 ? width_sum_deg / n_samples : kNan; }

ScanTrack scan_track(std::span<const double> longitude_deg, std::span<const double> latitude_deg) {
  ScanTrack track;
  Moments moments;
  double first_longitude_deg = 0.0, first_latitude_deg = 0.0, shrink = 1.0, last_x = 0.0, last_y = 0.0;
  for (std::size_t i = 0; i < longitude_deg.size(); ++i) {
    if (!std::isfinite(longitude_deg[i]) || !std::isfinite(latitude_deg[i])) continue;
    const bool first = moments.n == 0.0;
    if (first) {
      first_longitude_deg = longitude_deg[i];
      first_latitude_deg = latitude_deg[i];
      shrink = std::cos(first_latitude_deg * kDegree_rad);
    }
    const double turned_deg = longitude_deg[i] - first_longitude_deg;
    const double x = (turned_deg - 360.0 * std::nearbyint(turned_deg / 360.0)) * shrink;
    const double y = latitude_deg[i] - first_latitude_deg;
    moments.add(x, y);
    if (!first) {
      const double dx = x - last_x, dy = y - last_y;
      track.square_deg2 += dx * dx + dy * dy;
      track.cosine_deg2 += dx * dx - dy * dy;
      track.sine_deg2 += 2.0 * dx * dy;
    }
    last_x = x;
    last_y = y;
  }
  if (!(track.square_deg2 > 0.0)) return track;
  const double length = std::hypot(track.cosine_deg2, track.sine_deg2);
  const double cosine = length > 0.0 ? track.cosine_deg2 / length : 1.0,
               sine = length > 0.0 ? track.sine_deg2 / length : 0.0;
  track.n_samples = moments.n;
  track.width_sum_deg = moments.n * kStripOfDeviation * std::sqrt(std::max(moments.across(cosine, sine), 0.0));
  return track;
}

}  // namespace comap
