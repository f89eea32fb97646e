#include "simulate/observation_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "simulate/sky_model.hpp"

namespace comap::simulate {
namespace {

constexpr double kLowest_deg = 20.0;
constexpr double kHighest_deg = 85.0;
constexpr std::int64_t kMostSamples = 100'000'000;
constexpr std::int64_t kLargestObsid = 9'999'999;  // 7 digits in the file name
constexpr double kDegreesPerHour = 15.0;

/// Earth rotation angle (Capitaine, Guinot & McCarthy 2000) with UT1 = UTC: a second of time does not matter here.
double earth_rotation_angle_deg(double mjd) {
  constexpr double kMjdOfJ2000 = 51544.5;
  const double turns = 0.7790572732640 + 1.00273781191135448 * (mjd - kMjdOfJ2000);
  return 360.0 * (turns - std::floor(turns));
}

/// Start, on a whole second, of an observation whose middle has the given hour angle, after 0h of the date.
double start_mjd_of(double date_mjd, const Observer& observer, const ObservationPlan& plan, double duration_s) {
  constexpr double kDegreesPerDay = 360.98564736629;
  const double local_deg = earth_rotation_angle_deg(date_mjd) + observer.site.longitude_deg;
  const double wanted_deg = plan.centre_icrs.longitude_deg + kDegreesPerHour * plan.hour_angle_h;
  double ahead_deg = std::fmod(wanted_deg - local_deg, 360.0);
  if (ahead_deg < 0.0) ahead_deg += 360.0;
  const double start_s = (date_mjd + ahead_deg / kDegreesPerDay) * kSecondsPerDay - 0.5 * duration_s;
  return std::round(start_s) / kSecondsPerDay;
}

/// The centre, the scan around it and the outer feeds must be at elevations where the telescope observes.
void check_elevation(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan) {
  constexpr double kRings = 2.0;  // of feeds around the central one
  const double scan_deg = plan.is_calibrator ? config.calibrator_half_width_deg : config.elevation_half_width_deg;
  const double margin_deg = scan_deg + kRings * config.feed_spacing_arcmin / 60.0;
  const double duration_day = static_cast<double>(plan.timeline.n_samples) / config.sample_rate_Hz / kSecondsPerDay;
  for (const double part : {0.0, 0.5, 1.0}) {
    const double mjd = plan.start_mjd + part * duration_day;
    const double elevation_deg = sky_to_horizontal(observer, mjd, plan.centre_icrs, SkyFrame::icrs).elevation_deg;
    if (elevation_deg - margin_deg < kLowest_deg || elevation_deg + margin_deg > kHighest_deg) {
      throw ConfigError(fmt::format(
          "[simulate] {} at hour angle {} h is at elevation {:.1f} deg; with {:.1f} deg around it that is not within "
          "{:.0f} to {:.0f} deg. Choose another hour angle or another field.",
          plan.source, plan.hour_angle_h, elevation_deg, margin_deg, kLowest_deg, kHighest_deg));
    }
  }
}

ScanPattern field_pattern(ScanType type, std::int64_t index) {
  if (type == ScanType::raster) return ScanPattern::raster;
  if (type == ScanType::constant_elevation) return ScanPattern::constant_elevation;
  return index % 3 == 2 ? ScanPattern::constant_elevation : ScanPattern::raster;
}

double in_turn(const std::vector<double>& values, std::int64_t index) {
  return values.at(static_cast<std::size_t>(index) % values.size());
}

ObservationPlan plan_field(const SimulateConfig& config, std::int64_t index) {
  ObservationPlan plan;
  plan.source = config.source;
  plan.centre_icrs = galactic_to_icrs({config.field_l_deg, config.field_b_deg});
  plan.pattern = field_pattern(config.scan_type, index);
  plan.hour_angle_h = in_turn(config.hour_angles_h, index);
  plan.timeline = make_timeline(config, config.n_scans, config.scan_duration_s);
  return plan;
}

ObservationPlan plan_calibrator(const SimulateConfig& config, std::int64_t index) {
  ObservationPlan plan;
  plan.source = config.calibrator;
  plan.is_calibrator = true;
  plan.centre_icrs = calibrator_of(config.calibrator).icrs;
  const bool lissajous = config.calibrator_pattern == CalibratorPattern::lissajous;
  plan.pattern = lissajous ? ScanPattern::lissajous : ScanPattern::raster;
  plan.hour_angle_h = in_turn(config.calibrator_hour_angles_h, index);
  plan.timeline = make_timeline(config, 1, config.calibrator_duration_s);
  return plan;
}

/// The sky dip before `observation`, whose start is known.
ObservationPlan plan_sky_dip(const SimulateConfig& config, const ObservationPlan& observation) {
  constexpr double kPause_s = 30.0;
  ObservationPlan plan = observation;
  plan.is_calibrator = false;
  plan.pattern = ScanPattern::sky_dip;
  plan.timeline = make_sky_dip_timeline(config);
  const double length_s = static_cast<double>(plan.timeline.n_samples) / config.sample_rate_Hz + kPause_s;
  plan.start_mjd = std::round(observation.start_mjd * kSecondsPerDay - length_s) / kSecondsPerDay;
  return plan;
}

std::string file_stem_of(const ObservationPlan& plan) {
  std::string stamp = start_text(plan);
  std::erase(stamp, ':');
  return fmt::format("comap-{:07d}-{}", plan.obsid, stamp);
}

int scan_feature(ScanPattern pattern) {
  if (pattern == ScanPattern::lissajous) return kLissajousFeature;
  return pattern == ScanPattern::sky_dip ? kSkyDipFeature : kScanFeature;
}

/// Obsid, file name and size, which depend on the place in the order.
void number_plan(const SimulateConfig& config, std::size_t index, ObservationPlan& plan) {
  plan.obsid = config.first_obsid + static_cast<std::int64_t>(index);
  plan.file_stem = file_stem_of(plan);
  plan.file_bytes = sizeof(float) * static_cast<std::uint64_t>(config.n_feeds + 1) * kBands *
                    static_cast<std::uint64_t>(config.n_channels) * static_cast<std::uint64_t>(plan.timeline.n_samples);
}

void check_settings(const SimulateConfig& config) {
  if (config.hour_angles_h.empty() || config.calibrator_hour_angles_h.empty()) {
    throw ConfigError("[simulate] hour_angles_h and calibrator_hour_angles_h need at least one number");
  }
  if (config.source_min_T30_K > config.source_max_T30_K || config.spiky_min_K > config.spiky_max_K) {
    throw ConfigError("[simulate] source_min_T30_K and spiky_min_K must not be above source_max_T30_K and spiky_max_K");
  }
  if (config.first_obsid + config.n_observations + config.n_calibrators + config.n_sky_dips - 1 > kLargestObsid) {
    throw ConfigError(fmt::format("[simulate] first_obsid = {} leaves not enough obsids up to {}", config.first_obsid,
                                  kLargestObsid));
  }
  const double margin_deg = 2.0 * config.feed_spacing_arcmin / 60.0;
  if (config.n_sky_dips > 0 && (config.sky_dip_min_elevation_deg - margin_deg < kLowest_deg ||
                                config.sky_dip_max_elevation_deg + margin_deg > kHighest_deg ||
                                config.sky_dip_min_elevation_deg >= config.sky_dip_max_elevation_deg)) {
    throw ConfigError(fmt::format(
        "[simulate] sky_dip_min_elevation_deg must be below sky_dip_max_elevation_deg, and both at least {:.1f} deg "
        "within {:.0f} to {:.0f} deg",
        margin_deg, kLowest_deg, kHighest_deg));
  }
  if (config.n_sky_dips > config.n_observations + config.n_calibrators) {
    throw ConfigError("[simulate] n_sky_dips: a sky dip comes before another observation; there are fewer of those");
  }
  if (config.n_observations > 0) field_sky(config);  // throws what is wrong with the sky
}

double first_date(const SimulateConfig& config) {
  try {
    return parse_utc_start(config.start_date + "-00:00:00");
  } catch (const ObservationError&) {
    throw ConfigError(fmt::format("simulate.start_date: \"{}\" is no day of the calendar", config.start_date));
  }
}

}  // namespace

Timeline make_timeline(const SimulateConfig& config, int n_scans, double scan_duration_s) {
  Timeline timeline;
  const auto append = [&](double duration_s) {
    const std::int64_t begin = timeline.n_samples;
    timeline.n_samples += std::llround(duration_s * config.sample_rate_Hz);
    return SampleRange{begin, timeline.n_samples};
  };
  append(config.idle_duration_s);
  timeline.vanes.push_back(append(config.vane_duration_s));
  append(config.idle_duration_s);
  for (int scan = 0; scan < n_scans; ++scan) {
    timeline.scans.push_back(append(scan_duration_s));
    append(config.repointing_duration_s);
  }
  timeline.vanes.push_back(append(config.vane_duration_s));
  append(config.idle_duration_s);
  if (timeline.n_samples > kMostSamples) {
    throw ConfigError(fmt::format("[simulate] an observation of {} samples is too long; at most {}", timeline.n_samples,
                                  kMostSamples));
  }
  return timeline;
}

Timeline make_sky_dip_timeline(const SimulateConfig& config) {
  const auto samples_of = [&](double duration_s) { return std::llround(duration_s * config.sample_rate_Hz); };
  const std::int64_t idle = samples_of(config.idle_duration_s);
  const std::int64_t end = idle + samples_of(config.sky_dip_duration_s);
  return {end + idle, {}, {{idle, end}}};
}

std::string comment_of(const SimulateConfig& config, const ObservationPlan& plan) {
  return plan.pattern == ScanPattern::sky_dip ? std::string("sky nod, ").append(config.comment) : config.comment;
}

std::string start_text(const ObservationPlan& plan) {
  // A millisecond more, or the rounding of the MJD could show the second before.
  constexpr double kMillisecond_day = 1e-3 / kSecondsPerDay;
  return format_utc_start(plan.start_mjd + kMillisecond_day);
}

std::vector<std::int32_t> feature_series(const ObservationPlan& plan) {
  std::vector<std::int32_t> bits(plan.timeline.n_samples, 0);
  const auto mark = [&bits](const std::vector<SampleRange>& ranges, int feature) {
    for (const SampleRange& range : ranges)
      std::fill(bits.begin() + range.begin, bits.begin() + range.end, 1 << feature);
  };
  mark(plan.timeline.vanes, kVaneFeature);
  mark(plan.timeline.scans, scan_feature(plan.pattern));
  return bits;
}

std::vector<ObservationPlan> plan_observations(const SimulateConfig& config, const Observer& observer) {
  check_settings(config);
  const double first_date_mjd = first_date(config);
  const std::int64_t n_plans = config.n_observations + config.n_calibrators;
  std::vector<ObservationPlan> plans;
  for (std::int64_t i = 0; i < n_plans; ++i) {
    const bool is_field = i < config.n_observations;
    const std::int64_t day = is_field ? i : i - config.n_observations;
    ObservationPlan plan = is_field ? plan_field(config, day) : plan_calibrator(config, day);
    const double duration_s = static_cast<double>(plan.timeline.n_samples) / config.sample_rate_Hz;
    plan.start_mjd = start_mjd_of(first_date_mjd + static_cast<double>(day), observer, plan, duration_s);
    check_elevation(config, observer, plan);
    if (i < config.n_sky_dips) plans.push_back(plan_sky_dip(config, plan));
    plans.push_back(std::move(plan));
  }
  for (std::size_t i = 0; i < plans.size(); ++i) number_plan(config, i, plans[i]);
  return plans;
}

}  // namespace comap::simulate
