#include "stages/vane/housekeeping.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr std::ptrdiff_t kNoRow = -1;

/// Finds the rows of one table of housekeeping.
class RowFinder {
 public:
  RowFinder(const std::vector<double>& times_mjd, const HousekeepingTiming& timing)
      : times_(times_mjd),
        delay_d_(timing.delay_s / kSecondsPerDay),
        reach_d_(timing.max_row_spacings * row_spacing_s(times_mjd) / kSecondsPerDay) {}

  /// The row nearest to a sample, or kNoRow.
  std::ptrdiff_t nearest(double sample_mjd) const {
    const double time = sample_mjd + delay_d_;
    if (times_.empty() || time < times_.front() || time > times_.back()) return kNoRow;
    const auto after = std::lower_bound(times_.begin(), times_.end(), time);
    if (after == times_.begin()) return 0;
    const auto before = after - 1;
    const auto nearest = time - *before <= *after - time ? before : after;
    return std::abs(*nearest - time) > reach_d_ ? kNoRow : nearest - times_.begin();
  }

 private:
  const std::vector<double>& times_;
  double delay_d_;
  double reach_d_;
};

/// The scale in which the times may be instead of MJD.
const char* other_time_scale(double time) {
  constexpr double kFirstUnix_s = 1.0e9, kLastUnix_s = 4.0e9;  // 2001 to 2096
  constexpr double kFirstJulian = 2.4e6, kLastJulian = 2.5e6;
  if (time > kFirstUnix_s && time < kLastUnix_s) return "; they look like Unix seconds";
  if (time > kFirstJulian && time < kLastJulian) return "; they look like Julian dates";
  return "";
}

}  // namespace

double row_spacing_s(std::span<const double> times_mjd) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < times_mjd.size(); ++i) steps.push_back(times_mjd[i] - times_mjd[i - 1]);
  return median(std::span<const double>(steps)) * kSecondsPerDay;
}

std::vector<std::int64_t> frame_features_at_samples(const Level1Metadata& level1, const HousekeepingTiming& timing) {
  const RowFinder rows(level1.frame.utc_mjd, timing);
  std::vector<std::int64_t> features(level1.mjd.size(), kUnknownFeatures);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::ptrdiff_t row = rows.nearest(level1.mjd[i]);
    if (row != kNoRow) features[i] = std::max<std::int64_t>(level1.frame.features[row], 0);
  }
  return features;
}

std::vector<double> vane_angle_at_samples(const Level1Metadata& level1, SampleRange range,
                                          const HousekeepingTiming& timing) {
  const RowFinder rows(level1.vane.utc_mjd, timing);
  std::vector<double> angle_deg(static_cast<std::size_t>(range[1] - range[0]), kNan);
  for (std::size_t i = 0; i < angle_deg.size(); ++i) {
    const std::ptrdiff_t row = rows.nearest(level1.mjd[static_cast<std::size_t>(range[0]) + i]);
    if (row != kNoRow) angle_deg[i] = level1.vane.angle_deg[row];
  }
  return angle_deg;
}

std::vector<int> lissajous_status_at_samples(const Level1Metadata& level1) {
  const std::vector<double>& times = level1.tracker.utc_mjd;
  std::vector<int> status(level1.mjd.size(), 0);
  for (std::size_t i = 0; i < status.size(); ++i) {
    const auto after = std::upper_bound(times.begin(), times.end(), level1.mjd[i]);
    if (after == times.begin()) continue;
    status[i] = static_cast<int>(level1.tracker.lissajous_status[after - times.begin() - 1]);
  }
  return status;
}

void require_common_times(const Level1Metadata& level1) {
  const auto require = [&](const char* dataset, const std::vector<double>& times) {
    const double first = times.front(), last = times.back();
    if (last >= level1.mjd.front() && first <= level1.mjd.back()) return;
    throw ObservationError(
        level1.path,
        fmt::format(
            "{}: the housekeeping's times, {:.5f} to {:.5f}, have nothing in common with spectrometer/MJD, {:.5f} to "
            "{:.5f}{}: write them as MJD (UTC) or leave the observation out",
            dataset, first, last, level1.mjd.front(), level1.mjd.back(), other_time_scale(first)));
  };
  require("hk/antenna0/vane/utc", level1.vane.utc_mjd);
  require("hk/array/frame/utc", level1.frame.utc_mjd);
}

std::vector<SampleRange> runs_where(std::span<const std::uint8_t> inside, SampleRange within) {
  std::vector<SampleRange> runs;
  std::int64_t start = -1;
  for (std::int64_t i = within[0]; i < within[1]; ++i) {
    const bool is_inside = inside[i] != 0;
    if (is_inside && start < 0) start = i;
    if (!is_inside && start >= 0) {
      runs.push_back({start, i});
      start = -1;
    }
  }
  if (start >= 0) runs.push_back({start, within[1]});
  return runs;
}

}  // namespace comap
