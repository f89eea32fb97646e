#include "simulate/telescope_motion.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"

namespace comap::simulate {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kSharpness = 0.97;            ///< of the turnarounds: 1 = a triangle wave, 0 = a sine
constexpr double kLissajousRatio = 0.8090170;  ///< of the periods; half the golden number closes late
constexpr double kNodeSpacing_s = 5.0;         ///< of the tracked centre; its curvature is below 0.01 arcsec

constexpr double kParkedAngle_deg = 196.0;
constexpr double kBeamAngle_deg = 62.0;
constexpr double kFullBelow_deg = 75.0;   ///< the vane fills the beam
constexpr double kFreeAbove_deg = 120.0;  ///< it is out of the beam
constexpr double kTravel_s = 2.0;
constexpr double kRest_s = 1.0;  ///< parked, at the start of a vane event
constexpr double kInBeamPart = 0.45;
constexpr double kColdAngle_deg = 180.0;

double mjd_of(const SimulateConfig& config, const ObservationPlan& plan, std::int64_t sample) {
  return plan.start_mjd + static_cast<double>(sample) / config.sample_rate_Hz / kSecondsPerDay;
}

double smooth_step(double x) {
  const double t = std::clamp(x, 0.0, 1.0);
  return t * t * (3.0 - 2.0 * t);
}

/// Between -1 and 1, one way in a phase of 1, from -1 at phase 0; rounded at the turnarounds.
double sweep(double phase) { return std::asin(kSharpness * std::sin(kPi * (phase - 0.5))) / std::asin(kSharpness); }

/// `azimuth` plus the turns that bring it closest to `reference`.
double unwrapped(double azimuth_deg, double reference_deg) {
  return azimuth_deg - 360.0 * std::round((azimuth_deg - reference_deg) / 360.0);
}

/// Az/el of the scan centre for each sample of the scan.
BeamPath centre_path(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan,
                     SampleRange scan, double reference_azimuth_deg) {
  const bool fixed = plan.pattern == ScanPattern::constant_elevation;
  const auto spacing = std::max<std::int64_t>(1, std::llround(kNodeSpacing_s * config.sample_rate_Hz));
  const auto place = [&](std::int64_t sample) {
    Horizontal at = sky_to_horizontal(observer, mjd_of(config, plan, sample), plan.centre_icrs, SkyFrame::icrs);
    at.azimuth_deg = unwrapped(at.azimuth_deg, reference_azimuth_deg);
    return at;
  };
  BeamPath path;
  Horizontal from = place(fixed ? (scan.begin + scan.end) / 2 : scan.begin);
  if (fixed) {
    path.azimuth_deg.assign(scan.size(), from.azimuth_deg);
    path.elevation_deg.assign(scan.size(), from.elevation_deg);
    return path;
  }
  for (std::int64_t node = scan.begin; node < scan.end; node += spacing) {
    const Horizontal to = place(node + spacing);
    for (std::int64_t i = 0; i < spacing && node + i < scan.end; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(spacing);
      path.azimuth_deg.push_back(std::lerp(from.azimuth_deg, to.azimuth_deg, part));
      path.elevation_deg.push_back(std::lerp(from.elevation_deg, to.elevation_deg, part));
    }
    from = to;
  }
  return path;
}

/// Offset from the centre at `time_s` after the start of scan number `scan` of `n_scans`.
FeedOffset scan_offset(const SimulateConfig& config, const ObservationPlan& plan, std::size_t scan, double time_s) {
  const auto n_scans = static_cast<double>(plan.timeline.scans.size());
  const auto k = static_cast<double>(scan);
  const double width_deg = plan.is_calibrator ? config.calibrator_half_width_deg : config.azimuth_half_width_deg;
  const double height_deg = plan.is_calibrator ? config.calibrator_half_width_deg : config.elevation_half_width_deg;
  const double sweep_s = plan.is_calibrator ? config.calibrator_sweep_duration_s : config.sweep_duration_s;
  const double phase = time_s / sweep_s + 2.0 * k / n_scans;
  if (plan.pattern == ScanPattern::lissajous) {
    return {width_deg * std::sin(kPi * phase), height_deg * std::sin(kPi * kLissajousRatio * phase + 0.25 * kPi)};
  }
  if (plan.pattern == ScanPattern::constant_elevation) {
    return {width_deg * sweep(phase), height_deg * (2.0 * (k + 0.5) / n_scans - 1.0)};
  }
  const double duration_s = static_cast<double>(plan.timeline.scans[scan].size()) / config.sample_rate_Hz;
  const double direction = scan % 2 == 0 ? 1.0 : -1.0;
  return {width_deg * sweep(phase), direction * height_deg * (2.0 * time_s / duration_s - 1.0)};
}

void point_scan(const SimulateConfig& config, const ObservationPlan& plan, std::size_t scan, const BeamPath& centre,
                BeamPath& path) {
  const std::size_t begin = plan.timeline.scans[scan].begin;
  for (std::size_t i = 0; i < centre.azimuth_deg.size(); ++i) {
    const FeedOffset offset = scan_offset(config, plan, scan, static_cast<double>(i) / config.sample_rate_Hz);
    const double elevation_deg = centre.elevation_deg[i] + offset.y_deg;
    path.elevation_deg[begin + i] = elevation_deg;
    path.azimuth_deg[begin + i] = centre.azimuth_deg[i] + offset.x_deg / std::cos(elevation_deg * kDegree_rad);
  }
}

/// Down and up again, at rest at both ends.
void point_sky_dip(const SimulateConfig& config, SampleRange scan, double azimuth_deg, BeamPath& path) {
  const double middle_deg = 0.5 * (config.sky_dip_max_elevation_deg + config.sky_dip_min_elevation_deg);
  const double half_deg = 0.5 * (config.sky_dip_max_elevation_deg - config.sky_dip_min_elevation_deg);
  for (std::int64_t i = 0; i < scan.size(); ++i) {
    const std::size_t sample = scan.begin + i;
    const double part = static_cast<double>(i) / static_cast<double>(scan.size() - 1);
    path.azimuth_deg[sample] = azimuth_deg;
    path.elevation_deg[sample] = middle_deg + half_deg * std::cos(2.0 * kPi * part);
  }
}

/// From the sample before `gap` to the sample after it; stands still where there is none.
void slew(SampleRange gap, std::vector<double>& angle_deg) {
  const std::int64_t n_samples = angle_deg.size();
  const std::int64_t before = gap.begin > 0 ? gap.begin - 1 : gap.end;
  const std::int64_t after = gap.end < n_samples ? gap.end : gap.begin - 1;
  const double from = angle_deg[before];
  const double to = angle_deg[after];
  for (std::int64_t i = gap.begin; i < gap.end; ++i) {
    const double part = static_cast<double>(i - gap.begin + 1) / static_cast<double>(gap.size() + 1);
    angle_deg[i] = std::lerp(from, to, smooth_step(part));
  }
}

}  // namespace

BeamPath boresight_path(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan) {
  const std::size_t n_samples = plan.timeline.n_samples;
  BeamPath path{std::vector<double>(n_samples), std::vector<double>(n_samples)};
  const double middle_mjd = mjd_of(config, plan, plan.timeline.n_samples / 2);
  const double reference_deg = sky_to_horizontal(observer, middle_mjd, plan.centre_icrs, SkyFrame::icrs).azimuth_deg;
  std::int64_t gap_begin = 0;
  std::vector<SampleRange> gaps;
  for (std::size_t scan = 0; scan < plan.timeline.scans.size(); ++scan) {
    const SampleRange range = plan.timeline.scans[scan];
    if (plan.pattern == ScanPattern::sky_dip) {
      point_sky_dip(config, range, reference_deg, path);
    } else {
      point_scan(config, plan, scan, centre_path(config, observer, plan, range, reference_deg), path);
    }
    gaps.push_back({gap_begin, range.begin});
    gap_begin = range.end;
  }
  gaps.push_back({gap_begin, plan.timeline.n_samples});
  for (const SampleRange& gap : gaps) {
    slew(gap, path.azimuth_deg);
    slew(gap, path.elevation_deg);
  }
  return path;
}

std::vector<FeedOffset> focal_plane(int n_feeds, double spacing_arcmin) {
  const double spacing_deg = spacing_arcmin / 60.0;
  std::vector<FeedOffset> feeds = {{0.0, 0.0}};
  const auto add = [&](double radius_deg, double angle_deg) {
    feeds.push_back({radius_deg * std::cos(angle_deg * kDegree_rad), radius_deg * std::sin(angle_deg * kDegree_rad)});
  };
  for (int i = 0; i < 6; ++i) add(spacing_deg, 60.0 * i);
  for (int i = 0; i < 12; ++i) add(spacing_deg * (i % 2 == 0 ? 2.0 : std::numbers::sqrt3), 30.0 * i);
  feeds.resize(n_feeds);
  return feeds;
}

BeamPath feed_path(const BeamPath& boresight, FeedOffset offset) {
  BeamPath path = boresight;
  for (std::size_t i = 0; i < path.azimuth_deg.size(); ++i) {
    path.azimuth_deg[i] += offset.x_deg / std::cos(boresight.elevation_deg[i] * kDegree_rad);
    path.elevation_deg[i] += offset.y_deg;
  }
  return path;
}

double vane_angle_deg(const Timeline& timeline, double sample_rate_Hz, double time_s) {
  for (const SampleRange& event : timeline.vanes) {
    const double since_s = time_s - static_cast<double>(event.begin) / sample_rate_Hz;
    const double length_s = static_cast<double>(event.size()) / sample_rate_Hz;
    if (since_s < 0.0 || since_s >= length_s) continue;
    const double in_s = kRest_s;
    const double out_s = in_s + kTravel_s + kInBeamPart * (length_s - 2.0 * (kRest_s + kTravel_s));
    const double moved = smooth_step((since_s - in_s) / kTravel_s) - smooth_step((since_s - out_s) / kTravel_s);
    return kParkedAngle_deg + moved * (kBeamAngle_deg - kParkedAngle_deg);
  }
  return kParkedAngle_deg;
}

double vane_fraction(double angle_deg) {
  return 1.0 - smooth_step((angle_deg - kFullBelow_deg) / (kFreeAbove_deg - kFullBelow_deg));
}

std::vector<std::int64_t> cold_samples(const Timeline& timeline, double sample_rate_Hz) {
  const SampleRange event =
      timeline.vanes.empty() ? SampleRange{0, timeline.scans.front().begin} : timeline.vanes.front();
  std::vector<std::int64_t> samples;
  for (std::int64_t i = event.begin; i < event.end; ++i) {
    const double angle_deg = vane_angle_deg(timeline, sample_rate_Hz, static_cast<double>(i) / sample_rate_Hz);
    if (angle_deg > kColdAngle_deg) samples.push_back(i);
  }
  return samples;
}

}  // namespace comap::simulate
