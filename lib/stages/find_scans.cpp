#include "stages/find_scans.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "config/binder.hpp"
#include "core/error.hpp"
#include "data/observation.hpp"
#include "stages/scan_runs.hpp"
#include "stages/vane/housekeeping.hpp"

namespace comap {
namespace {

constexpr int kSkyDipFeature = 8;
constexpr int kScanning = 1;  ///< lissajous_status

using States = std::vector<ScanState>;

/// Runs before trimming, and what was looked for.
struct FoundRuns {
  std::vector<SampleRange> runs;
  std::string what;
};

/// Where the vane is by the spectrometer's flags and by its angle.
class VaneFlags {
 public:
  VaneFlags(const ObservationContext& observation, const SystemTemperatureConfig& calibration,
            std::int64_t longest_flicker)
      : events_(observation.vane_events), longest_flicker_(longest_flicker) {
    const SampleRange everything = {0, observation.level1.n_samples};
    for (const double angle : vane_angle_at_samples(observation.level1, everything, housekeeping_timing(calibration))) {
      is_parked_.push_back(angle > calibration.vane_cold_angle_deg ? 1 : 0);
    }
    std::vector<std::uint8_t> flags;
    for (const std::int64_t bits : observation.level1.features)
      flags.push_back(has_feature(bits, kVaneFeature) ? 1 : 0);
    runs_ = runs_where(flags, everything);
  }

  /// The events by the spectrometer's flags, whose clock is that of the samples, where it has them.
  std::vector<SampleRange> stretches() const {
    std::vector<SampleRange> result;
    for (const SampleRange& event : events_) {
      SampleRange stretch = event;
      for (const SampleRange& run : runs_) {
        if (belongs(run, event)) stretch = run;
      }
      result.push_back(stretch);
    }
    return result;
  }

  /// Marks what cannot be part of a scan: events, and flags that no parked vane contradicts. Of other flags the short
  /// ones may be a flicker, and where the vane is parked they mean nothing.
  void mark(States& states, std::vector<Trouble>& troubles) const {
    for (const SampleRange& event : events_) mark_event(event, states);
    for (const SampleRange& stretch : stretches()) fill(stretch, ScanState::vane, states);
    std::int64_t n_stray = 0;
    for (const SampleRange& run : runs_) {
      const bool is_event = std::ranges::any_of(events_, [&](const SampleRange& event) { return belongs(run, event); });
      if (!is_event) n_stray += mark_stray(run, states);
    }
    if (n_stray == 0) return;
    troubles.push_back(
        {TroubleKind::scan_flags, "find_scans", "spectrometer/features",
         fmt::format("{} samples of scans have feature {}, while the vane is parked", n_stray, kVaneFeature),
         "they are kept"});
  }

 private:
  static void fill(SampleRange range, ScanState value, States& states) {
    std::fill(states.begin() + range[0], states.begin() + range[1], value);
  }

  /// A flag that never goes off is of no event.
  static bool belongs(const SampleRange& run, const SampleRange& event) {
    const bool overlaps = run[0] < event[1] && event[0] < run[1];
    return overlaps && run[1] - run[0] <= 2 * (event[1] - event[0]);
  }

  /// The housekeeping's clock may be off: its event counts where the vane is not parked or the spectrometer has no
  /// flag.
  void mark_event(const SampleRange& event, States& states) const {
    const bool has_flag = std::ranges::any_of(runs_, [&](const SampleRange& run) { return belongs(run, event); });
    for (std::int64_t i = event[0]; i < event[1]; ++i) {
      const std::size_t sample = i;
      if (!has_flag || is_parked_[sample] == 0) states[sample] = ScanState::vane;
    }
  }

  /// Returns how many samples of scans keep their state although they are flagged.
  std::int64_t mark_stray(const SampleRange& run, States& states) const {
    const bool may_flicker = run[1] - run[0] <= longest_flicker_;
    std::int64_t n_kept = 0;
    for (std::int64_t i = run[0]; i < run[1]; ++i) {
      ScanState& state = states[i];
      if (is_parked_[i] != 0) {
        n_kept += state == ScanState::scan ? 1 : 0;
      } else if (state != ScanState::vane) {
        state = may_flicker ? ScanState::other : ScanState::vane;
      }
    }
    return n_kept;
  }

  const std::vector<SampleRange>& events_;
  std::int64_t longest_flicker_;
  std::vector<std::uint8_t> is_parked_;  ///< [sample]
  std::vector<SampleRange> runs_;        ///< of the spectrometer's vane flag
};

/// From the end of the first vane event to the start of the next; of events without a scan between them the last
/// counts. Before the first, when nothing follows it.
SampleRange between_vane_events(const std::vector<SampleRange>& vanes, const std::vector<std::int64_t>& features) {
  const auto n_samples = std::ssize(features);
  const auto has_scan = [&](std::int64_t start, std::int64_t end) {
    return start < end && std::any_of(features.begin() + start, features.begin() + end, has_scan_feature);
  };
  if (vanes.empty()) return {0, n_samples};
  std::size_t next = 1;
  while (next < vanes.size() && !has_scan(vanes[next - 1][1], vanes[next][0])) ++next;
  const SampleRange range = {vanes[next - 1][1], next < vanes.size() ? vanes[next][0] : n_samples};
  if (!has_scan(range[0], range[1]) && has_scan(0, vanes[0][0])) return {0, vanes[0][0]};
  return range;
}

/// `scan` where `is_scan` holds of a sample's value, other elsewhere.
template <typename T, typename Predicate>
States states_where(const std::vector<T>& values, const Predicate& is_scan) {
  States states;
  for (const T value : values) states.push_back(is_scan(value) ? ScanState::scan : ScanState::other);
  return states;
}

FoundRuns find_runs(const ObservationContext& observation, const SystemTemperatureConfig& calibration,
                    std::int64_t longest_flicker, double max_gap_s, std::vector<Trouble>& troubles) {
  const Level1Metadata& level1 = observation.level1;
  const VaneFlags vane(observation, calibration, longest_flicker);
  SampleRange range = {0, level1.n_samples};
  States states;
  std::string what;
  if (observation.source_group == kSkyDipGroup) {
    states = states_where(frame_features_at_samples(level1, housekeeping_timing(calibration)),
                          [](std::int64_t bits) { return has_feature(bits, kSkyDipFeature); });
    what = "hk/array/frame/features: a run of feature 8 (sky dip)";
  } else if (std::ranges::any_of(level1.tracker.lissajous_status, [](std::int64_t value) { return value != 0; })) {
    states = states_where(lissajous_status_at_samples(level1), [](int status) { return status == kScanning; });
    what = "hk/antenna0/deTracker/lissajous_status: a run of status 1";
  } else {
    range = between_vane_events(vane.stretches(), level1.features);
    states = scan_states(level1.features, range, troubles);
    what = fmt::format("spectrometer/features: a run of feature 8, 9 or 10 from sample {} to {}", range[0], range[1]);
  }
  vane.mark(states, troubles);
  return {scan_runs(states, range, longest_flicker, level1.mjd, max_gap_s, troubles), what};
}

}  // namespace

void bind(Binder& binder, FindScansConfig& config) {
  constexpr double kMaxSamples = 1e9;
  binder.integer("min_scan_samples", config.min_scan_samples, {1, kMaxSamples}, "shorter scans are dropped [samples]");
  binder.without_effect().integer("max_block_samples", config.max_block_samples, {1, kMaxSamples},
                                  "longer scans are worked on in pieces [samples]");
  binder.integer("trim_start", config.trim_start, {0, kMaxSamples}, "cut from the start of every scan [samples]");
  binder.integer("trim_end", config.trim_end, {0, kMaxSamples}, "cut from the end of every scan [samples]");
  binder.number("max_flicker_s", config.max_flicker_s, {0},
                "shorter interruptions of its feature do not split a scan [s]");
}

void FindScans::prepare(ObservationContext& observation) const {
  const Level1Metadata& level1 = observation.level1;
  const std::int64_t longest_flicker = std::llround(config_.max_flicker_s / level1.sample_time_s);
  const FoundRuns found = find_runs(observation, calibration_, longest_flicker, max_time_gap_s_, observation.troubles);
  observation.scans.clear();
  for (const SampleRange& run : found.runs) {
    const SampleRange scan = {run[0] + config_.trim_start, run[1] - config_.trim_end};
    if (scan[1] - scan[0] >= std::max<std::int64_t>(config_.min_scan_samples, 1)) observation.scans.push_back(scan);
  }
  if (observation.scans.empty()) {
    throw ObservationError(level1.path,
                           fmt::format("no scan: expected {} of at least {} samples after trimming ({} runs found)",
                                       found.what, config_.min_scan_samples, found.runs.size()));
  }
  Array<std::int64_t, 2> edges(shape_of(observation.scans.size(), 2));
  for (Index scan = 0; const SampleRange& range : observation.scans)
    std::ranges::copy(range, edges.row(scan++).begin());
  observation.products.set(level2::kScanEdges, std::move(edges));
}

nlohmann::json FindScans::summary(const ObservationContext& observation,
                                  const std::vector<ProductTable>& /*feeds*/) const {
  return {{"n_scans", observation.scans.size()}};
}

}  // namespace comap
