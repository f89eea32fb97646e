#include "stages/find_scans.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.hpp"
#include "io/level2_schema.hpp"
#include "stages/housekeeping.hpp"
#include "stages/output_spec.hpp"

namespace comap {
namespace {

constexpr int kSkyDipFeature = 8;
constexpr std::array<int, 3> kScanFeatures = {8, 9, 10};  ///< in order of preference
constexpr int kScanning = 1;                              ///< lissajous_status

/// Runs before trimming, and what was looked for.
struct FoundRuns {
  std::vector<SampleRange> runs;
  std::string what;
};

SampleRange between_vane_events(const ObservationContext& observation) {
  SampleRange range = {0, observation.level1.n_samples};
  const auto& events = observation.vane_events;
  if (!events.empty()) range[0] = events[0][1];
  if (events.size() > 1) range[1] = events[1][0];
  return range;
}

FoundRuns find_runs(const ObservationContext& observation, double hk_time_offset_s) {
  const Level1Metadata& level1 = observation.level1;
  const SampleRange everything = {0, level1.n_samples};
  if (observation.source_group == kSkyDipGroup) {
    return {runs_of(frame_feature_at_samples(level1, hk_time_offset_s), kSkyDipFeature, everything),
            "hk/array/frame/features: a run of feature 8 (sky dip)"};
  }
  const auto& status = level1.tracker.lissajous_status;
  if (std::ranges::any_of(status, [](std::int64_t value) { return value != 0; })) {
    return {runs_of(lissajous_status_at_samples(level1), kScanning, everything),
            "hk/antenna0/deTracker/lissajous_status: a run of status 1"};
  }
  const std::vector<int> features = spectrometer_feature_at_samples(level1);
  const SampleRange range = between_vane_events(observation);
  for (const int feature : kScanFeatures) {
    std::vector<SampleRange> runs = runs_of(features, feature, range);
    if (!runs.empty()) return {std::move(runs), fmt::format("spectrometer/features: a run of feature {}", feature)};
  }
  return {{},
          fmt::format("spectrometer/features: a run of feature 8, 9 or 10 from sample {} to {}", range[0], range[1])};
}

}  // namespace

nlohmann::json FindScans::parameters() const {
  return {{"min_scan_samples", config_.min_scan_samples},
          {"trim_start", config_.trim_start},
          {"trim_end", config_.trim_end},
          {"hk_time_offset_s", hk_time_offset_s_}};
}

void FindScans::prepare(ObservationContext& observation) const {
  const FoundRuns found = find_runs(observation, hk_time_offset_s_);
  observation.scans.clear();
  for (const SampleRange& run : found.runs) {
    const SampleRange scan = {run[0] + config_.trim_start, run[1] - config_.trim_end};
    if (scan[1] - scan[0] >= std::max<std::int64_t>(config_.min_scan_samples, 1)) observation.scans.push_back(scan);
  }
  if (observation.scans.empty()) {
    throw ObservationError(fmt::format("{}: no scan: expected {} of at least {} samples after trimming ({} runs found)",
                                       observation.level1.path, found.what, config_.min_scan_samples,
                                       found.runs.size()));
  }
  std::vector<std::int64_t> edges;
  for (const SampleRange& scan : observation.scans) edges.insert(edges.end(), scan.begin(), scan.end());
  observation.products.set(level2::kScanEdges, std::move(edges));
}

std::vector<OutputSpec> FindScans::outputs(const ObservationContext& observation) const {
  return {observation_output(level2::kScanEdges, h5::StoredType::int64, {observation.scans.size(), 2}, "samples")};
}

nlohmann::json FindScans::summary(const ObservationContext& observation,
                                  const std::vector<ProductTable>& /*feeds*/) const {
  return {{"n_scans", observation.scans.size()}};
}

}  // namespace comap
