#pragma once
/// \file
/// Which observations are made, and the course of each in time.

#include <cstdint>
#include <string>
#include <vector>

#include "config/simulate_config.hpp"
#include "sky/coordinates.hpp"

namespace comap::simulate {

/// Samples [begin, end).
struct SampleRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t size() const { return end - begin; }
};

enum class ScanPattern { raster, constant_elevation, lissajous, sky_dip };

/// idle, vane, idle, then for each scan: scan, repointing; then vane, idle. A sky dip: idle, scan, idle.
struct Timeline {
  std::int64_t n_samples = 0;
  std::vector<SampleRange> vanes;  ///< with feature 13
  std::vector<SampleRange> scans;  ///< with the scan's feature
};

/// One observation to be made; everything else follows from it and the settings.
struct ObservationPlan {
  std::int64_t obsid = 0;
  std::string source;
  bool is_calibrator = false;
  SkyPosition centre_icrs;
  ScanPattern pattern = ScanPattern::raster;
  double hour_angle_h = 0.0;  ///< of the centre at mid observation
  double start_mjd = 0.0;     ///< UTC, a whole second
  Timeline timeline;
  std::string file_stem;         ///< comap-NNNNNNN-YYYY-MM-DD-HHMMSS
  std::uint64_t file_bytes = 0;  ///< of the TOD, before compression
};

/// The course of an observation with `n_scans` scans of `scan_duration_s`.
Timeline make_timeline(const SimulateConfig& config, int n_scans, double scan_duration_s);
Timeline make_sky_dip_timeline(const SimulateConfig& config);

/// Feature numbers as they are written.
inline constexpr int kVaneFeature = 13;
inline constexpr int kScanFeature = 9;
inline constexpr int kLissajousFeature = 5;
inline constexpr int kSkyDipFeature = 8;

/// Attribute `comment`: of the settings, but that of a sky dip says so.
std::string comment_of(const SimulateConfig& config, const ObservationPlan& plan);

/// Start as `%Y-%m-%d-%H:%M:%S`.
std::string start_text(const ObservationPlan& plan);

/// Bit-coded features [sample]; 0 outside vane and scans.
std::vector<std::int32_t> feature_series(const ObservationPlan& plan);

/// All observations: the field first, then the calibrators, one a day, obsids from `first_obsid` on. A sky dip comes
/// before each of the first `n_sky_dips`: its obsid is one less, its azimuth that of the source, and it ends half a
/// minute before the other starts.
/// Throws ConfigError when a setting cannot be met, e.g. when the field is too low or too close to the zenith.
std::vector<ObservationPlan> plan_observations(const SimulateConfig& config, const Observer& observer);

}  // namespace comap::simulate
