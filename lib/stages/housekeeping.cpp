#include "stages/housekeeping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr std::ptrdiff_t kOutside = -1;

/// Row of `times` (ascending) nearest to `time`, or kOutside.
std::ptrdiff_t nearest_row(const std::vector<double>& times, double time) {
  if (times.empty() || time < times.front() || time > times.back()) return kOutside;
  const auto after = std::lower_bound(times.begin(), times.end(), time);
  if (after == times.begin()) return 0;
  const auto before = after - 1;
  return (time - *before <= *after - time ? before : after) - times.begin();
}

}  // namespace

std::vector<int> frame_feature_at_samples(const Level1Metadata& level1, double delay_s) {
  std::vector<int> features(level1.mjd.size(), kNoFeature);
  for (std::size_t i = 0; i < features.size(); ++i) {
    const std::ptrdiff_t row = nearest_row(level1.frame.utc_mjd, level1.mjd[i] + delay_s / kSecondsPerDay);
    if (row != kOutside) features[i] = feature_number(level1.frame.features[static_cast<std::size_t>(row)]);
  }
  return features;
}

std::vector<double> vane_angle_at_samples(const Level1Metadata& level1, SampleRange range, double delay_s) {
  std::vector<double> angle_deg(static_cast<std::size_t>(range[1] - range[0]),
                                std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < angle_deg.size(); ++i) {
    const double time = level1.mjd[static_cast<std::size_t>(range[0]) + i] + delay_s / kSecondsPerDay;
    const std::ptrdiff_t row = nearest_row(level1.vane.utc_mjd, time);
    if (row != kOutside) angle_deg[i] = level1.vane.angle_deg[static_cast<std::size_t>(row)];
  }
  return angle_deg;
}

std::vector<int> lissajous_status_at_samples(const Level1Metadata& level1) {
  const std::vector<double>& times = level1.tracker.utc_mjd;
  std::vector<int> status(level1.mjd.size(), 0);
  for (std::size_t i = 0; i < status.size(); ++i) {
    const auto after = std::upper_bound(times.begin(), times.end(), level1.mjd[i]);
    if (after == times.begin()) continue;
    status[i] = static_cast<int>(level1.tracker.lissajous_status[static_cast<std::size_t>(after - times.begin() - 1)]);
  }
  return status;
}

std::vector<int> spectrometer_feature_at_samples(const Level1Metadata& level1) {
  std::vector<int> features(level1.features.size());
  std::transform(level1.features.begin(), level1.features.end(), features.begin(), feature_number);
  return features;
}

std::vector<SampleRange> runs_of(std::span<const int> states, int value, SampleRange within) {
  std::vector<SampleRange> runs;
  std::int64_t start = -1;
  for (std::int64_t i = within[0]; i < within[1]; ++i) {
    const bool inside = states[static_cast<std::size_t>(i)] == value;
    if (inside && start < 0) start = i;
    if (!inside && start >= 0) {
      runs.push_back({start, i});
      start = -1;
    }
  }
  if (start >= 0) runs.push_back({start, within[1]});
  return runs;
}

}  // namespace comap
