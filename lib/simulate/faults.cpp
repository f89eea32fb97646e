#include "simulate/faults.hpp"

#include <algorithm>

#include "core/constants.hpp"
#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

/// A sample of a scan, all scans with the same chance for each of their samples.
std::int64_t draw_scan_sample(const Timeline& timeline, RandomStream& random) {
  std::int64_t n_scan_samples = 0;
  for (const SampleRange& scan : timeline.scans) n_scan_samples += scan.size();
  std::int64_t index = random.integer(n_scan_samples);
  for (const SampleRange& scan : timeline.scans) {
    if (index < scan.size()) return scan.begin + index;
    index -= scan.size();
  }
  return timeline.scans.back().begin;
}

void draw_glitches(const SimulateConfig& config, const ObservationPlan& plan, int feed_row, Faults& faults) {
  RandomStream random(stream_key(config.seed, Purpose::glitches, {plan.obsid, feed_row}));
  std::vector<Glitch> drawn;
  for (int i = 0; i < config.glitches_per_feed; ++i) {
    const std::int64_t sample = draw_scan_sample(plan.timeline, random);
    drawn.push_back({feed_row, sample, config.glitch_amplitude_K * random.uniform(0.5, 2.0)});
  }
  std::ranges::stable_sort(drawn, {}, &Glitch::sample);
  faults.glitches.insert(faults.glitches.end(), drawn.begin(), drawn.end());
}

}  // namespace

Faults draw_faults(const SimulateConfig& config, const ObservationPlan& plan) {
  Faults faults;
  for (int row = 0; row < config.n_feeds; ++row) draw_glitches(config, plan, row, faults);
  RandomStream random(stream_key(config.seed, Purpose::missing, {plan.obsid}));
  const auto draw_below = [&](int n) { return static_cast<int>(random.integer(n)); };
  const int feed_row = draw_below(config.n_feeds);
  const int band = draw_below(kBands);
  for (int i = 0; i < config.n_nan_samples; ++i) {
    faults.lost_samples.push_back({feed_row, band, draw_scan_sample(plan.timeline, random)});
  }
  for (int i = 0; i < config.n_nan_channels; ++i) {
    const int row = draw_below(config.n_feeds);
    const int lost_band = draw_below(kBands);
    faults.lost_channels.push_back({row, lost_band, draw_below(config.n_channels)});
  }
  return faults;
}

}  // namespace comap::simulate
