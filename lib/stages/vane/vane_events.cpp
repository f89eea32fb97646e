#include "stages/vane/vane_events.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kFlicker_s = 0.5;
constexpr double kFlickerRows = 2.0;

/// Lowest angle of an event that two neighbouring rows confirm; of a single row, that row's.
double lowest_angle_deg(const Level1Metadata& level1, SampleRange event, double delay_s) {
  const std::vector<double>& times = level1.vane.utc_mjd;
  const double delay_d = delay_s / kSecondsPerDay;
  const double start = level1.mjd[event[0]] + delay_d;
  const double end = level1.mjd[event[1] - 1] + delay_d;
  const auto first = std::ranges::lower_bound(times, start) - times.begin();
  const auto last = std::ranges::upper_bound(times, end) - times.begin();
  const auto angle = [&](std::ptrdiff_t row) { return level1.vane.angle_deg[row]; };
  if (last - first == 1) return angle(first);
  double lowest = kNan;
  for (std::ptrdiff_t row = first; row + 1 < last; ++row) {
    if (std::isfinite(angle(row)) && std::isfinite(angle(row + 1))) {
      lowest = std::fmin(lowest, std::max(angle(row), angle(row + 1)));
    }
  }
  return lowest;
}

bool vane_moves(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config) {
  const double lowest = lowest_angle_deg(level1, event, config.hk_time_offset_s);
  return lowest + config.vane_hot_margin_deg <= config.vane_cold_angle_deg;
}

/// Fills interruptions between vane samples that are shorter than `longest`.
void bridge(std::vector<std::uint8_t>& is_vane, std::int64_t longest) {
  const auto runs = runs_where(is_vane, {0, std::ssize(is_vane)});
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const std::int64_t from = runs[i - 1][1], to = runs[i][0];
    if (to - from <= longest) std::fill(is_vane.begin() + from, is_vane.begin() + to, std::uint8_t{1});
  }
}

std::vector<std::uint8_t> vane_samples(const std::vector<std::int64_t>& features) {
  std::vector<std::uint8_t> is_vane;
  for (const std::int64_t bits : features) is_vane.push_back(has_feature(bits, kVaneFeature) ? 1 : 0);
  return is_vane;
}

/// A run that the rows' absence cuts off is a piece of an event.
bool is_piece(SampleRange run, const std::vector<std::int64_t>& features) {
  const auto is_unknown = [&](std::int64_t sample) {
    const bool is_there = sample >= 0 && sample < std::ssize(features);
    return is_there && features[sample] == kUnknownFeatures;
  };
  return is_unknown(run[0] - 1) || is_unknown(run[1]);
}

Trouble stray_runs(int n_runs) {
  return {TroubleKind::scan_flags, "system_temperature", "hk/array/frame/features",
          fmt::format("{} run{} of feature {} in which the vane does not move", n_runs, n_runs == 1 ? "" : "s",
                      kVaneFeature),
          "taken for no vane event"};
}

/// Missing rows where spectrometer or frame say that there is a vane event.
void report_missing_rows(const Level1Metadata& level1, const std::vector<SampleRange>& events,
                         const std::vector<std::uint8_t>& is_known, const char* dataset,
                         std::vector<Trouble>& troubles) {
  std::vector<std::uint8_t> is_missing;
  for (const std::uint8_t known : is_known) is_missing.push_back(known != 0 ? 0 : 1);
  for (const auto& [start, end] : runs_where(is_missing, {0, level1.n_samples})) {
    const auto touches = [start = start, end = end](const SampleRange& event) {
      return start <= event[1] && event[0] <= end;
    };
    const bool has_vane_feature = std::any_of(level1.features.begin() + start, level1.features.begin() + end,
                                              [](std::int64_t bits) { return has_feature(bits, kVaneFeature); });
    if (!has_vane_feature && std::ranges::none_of(events, touches)) continue;
    const double length_s = (level1.mjd[end - 1] - level1.mjd[start]) * kSecondsPerDay;
    troubles.push_back({TroubleKind::housekeeping_gap, "system_temperature", dataset,
                        fmt::format("no rows for {:.1f} s in or beside a vane event", length_s),
                        "these samples are of no load"});
  }
}

}  // namespace

VaneEvents find_vane_events(const Level1Metadata& level1, const SystemTemperatureConfig& config) {
  const HousekeepingTiming timing = housekeeping_timing(config);
  const std::vector<std::int64_t> features = frame_features_at_samples(level1, timing);
  std::vector<std::uint8_t> is_vane = vane_samples(features);
  const double row_s = row_spacing_s(level1.frame.utc_mjd);
  bridge(is_vane, std::llround(std::fmax(kFlicker_s, kFlickerRows * row_s) / level1.sample_time_s));
  VaneEvents found;
  int n_stray = 0;
  for (const SampleRange& run : runs_where(is_vane, {0, level1.n_samples})) {
    ++found.n_runs;
    if (vane_moves(level1, run, config)) {
      found.events.push_back(run);
    } else if (!is_piece(run, features)) {
      ++n_stray;
    }
  }
  if (n_stray > 0) found.troubles.push_back(stray_runs(n_stray));
  std::vector<std::uint8_t> has_feature_row, has_angle;
  for (const std::int64_t bits : features) has_feature_row.push_back(bits == kUnknownFeatures ? 0 : 1);
  for (const double angle : vane_angle_at_samples(level1, {0, level1.n_samples}, timing)) {
    has_angle.push_back(std::isnan(angle) ? 0 : 1);
  }
  report_missing_rows(level1, found.events, has_feature_row, "hk/array/frame/utc", found.troubles);
  report_missing_rows(level1, found.events, has_angle, "hk/antenna0/vane/utc", found.troubles);
  return found;
}

std::vector<Load> loads_of_event(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config,
                                 double lag_s) {
  HousekeepingTiming timing = housekeeping_timing(config);
  timing.delay_s += lag_s;
  const std::vector<double> angle_deg = vane_angle_at_samples(level1, event, timing);
  std::vector<Load> loads(angle_deg.size(), Load::none);
  const double hot_limit_deg = lowest_angle_deg(level1, event, timing.delay_s) + config.vane_hot_margin_deg;
  if (!(hot_limit_deg <= config.vane_cold_angle_deg)) return loads;  // the vane never moved in
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (angle_deg[i] < hot_limit_deg) loads[i] = Load::hot;
    if (angle_deg[i] > config.vane_cold_angle_deg) loads[i] = Load::cold;
  }
  return loads;
}

std::string missing_load(const std::vector<Load>& loads, double sample_time_s, const SystemTemperatureConfig& config) {
  for (const auto& [load, name] : {std::pair{Load::hot, "hot"}, {Load::cold, "cold"}}) {
    const double length_s = static_cast<double>(std::ranges::count(loads, load)) * sample_time_s;
    if (length_s < config.min_plateau_s) {
      return fmt::format("less than {} s of {} samples", config.min_plateau_s, name);
    }
  }
  return "";
}

std::vector<VanePosition> vane_positions(const Level1Metadata& level1, SampleRange event, SampleRange range,
                                         const SystemTemperatureConfig& config) {
  const double lowest = lowest_angle_deg(level1, event, config.hk_time_offset_s);
  const double half_way = 0.5 * (lowest + config.vane_cold_angle_deg);
  std::vector<VanePosition> positions;
  for (const double angle : vane_angle_at_samples(level1, range, housekeeping_timing(config))) {
    positions.push_back(std::isnan(angle)  ? VanePosition::unknown
                        : angle < half_way ? VanePosition::in
                                           : VanePosition::out);
  }
  return positions;
}

}  // namespace comap
