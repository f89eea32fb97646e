#include "level2/time_plan.hpp"

#include <algorithm>

#include "stages/vane/housekeeping.hpp"

namespace comap {
namespace {

/// First and one past the last sample with features and without the vane's; empty when there is none.
std::array<std::int64_t, 2> featured_range(const std::vector<std::int64_t>& features) {
  const auto featured = [](std::int64_t bits) { return bits > 0 && !has_feature(bits, kVaneFeature); };
  const auto first = std::ranges::find_if(features, featured);
  if (first == features.end()) return {0, 0};
  const auto last = std::find_if(features.rbegin(), features.rend(), featured).base();
  return {first - features.begin(), last - features.begin()};
}

void add_between(std::vector<TimePiece>& pieces, std::int64_t start, std::int64_t end, std::int64_t max_samples) {
  for (; start < end; start += max_samples) pieces.push_back({-1, start, std::min(max_samples, end - start)});
}

}  // namespace

Deliveries combined_deliveries(const StageSelection& stages) {
  Deliveries all;
  for (const Stage* stage : stages) {
    const Deliveries one = stage->deliveries();
    all.vane_samples |= one.vane_samples;
    all.scan_samples |= one.scan_samples;
    all.between_scans |= one.between_scans;
    all.channel_medians |= one.channel_medians;
  }
  return all;
}

std::vector<TimePiece> plan_pieces(const ObservationContext& observation, const Deliveries& deliveries,
                                   std::int64_t max_block_samples) {
  std::vector<TimePiece> pieces;
  if (!deliveries.scan_samples && !deliveries.between_scans) return pieces;
  const auto range = featured_range(observation.level1.features);
  std::int64_t position = range[0];
  for (std::size_t scan = 0; scan < observation.scans.size(); ++scan) {
    const auto [start, end] = observation.scans[scan];
    if (deliveries.between_scans) add_between(pieces, position, std::min(start, range[1]), max_block_samples);
    pieces.push_back({static_cast<int>(scan), start, end - start});
    position = std::max(position, end);
  }
  if (deliveries.between_scans) add_between(pieces, position, range[1], max_block_samples);
  return pieces;
}

}  // namespace comap
