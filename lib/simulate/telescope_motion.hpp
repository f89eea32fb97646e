#pragma once
/// \file
/// Where the telescope points and what the vane does.

#include <cstdint>
#include <vector>

#include "simulate/observation_plan.hpp"

namespace comap::simulate {

/// Az/el of a beam [sample]; azimuth is continuous and may leave 0..360.
struct BeamPath {
  std::vector<double> azimuth_deg;
  std::vector<double> elevation_deg;
};

/// The path of the central feed. In scan k, with x the offset on the sky along azimuth and y along elevation:
///   raster     x sweeps from side to side, y moves once through the height; the centre follows the sky
///   constant elevation   the same sweeps around the place of the centre at mid scan; y differs by scan
///   lissajous  x and y are sines of incommensurable periods; the centre follows the sky
///   sky dip    from the highest elevation to the lowest and back, at the azimuth of the centre
/// Turnarounds have finite acceleration; the sweeps of the scans are out of step so that tracks interleave. Between
/// scans the telescope slews smoothly, before and after it stands still.
BeamPath boresight_path(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan);

/// Offset of a feed from the central one, azimuth times cos(elevation) and elevation.
struct FeedOffset {
  double x_deg = 0.0;
  double y_deg = 0.0;
};
/// Feeds 1..19: a centre, a hexagon of 6 and a hexagon of 12 around it.
std::vector<FeedOffset> focal_plane(int n_feeds, double spacing_arcmin);
BeamPath feed_path(const BeamPath& boresight, FeedOffset offset);

/// Vane angle at `time_s` after the first sample: parked outside, in the beam for 45 % of each vane event.
double vane_angle_deg(const Timeline& timeline, double sample_rate_Hz, double time_s);
/// Part of the beam that the vane fills: 1 in the beam, 0 when parked, a smooth step between.
double vane_fraction(double angle_deg);
/// Samples of the first vane event with the vane parked: its cold part. Of a sky dip, which has none: those before it.
std::vector<std::int64_t> cold_samples(const Timeline& timeline, double sample_rate_Hz);

}  // namespace comap::simulate
