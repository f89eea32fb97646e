#pragma once
/// \file
/// Drives stages over a Level-1 file in memory as the pipeline does, one feed at a time.

#include <memory>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/level1_metadata.hpp"
#include "level2/time_plan.hpp"
#include "math/median.hpp"
#include "stages/stage.hpp"
#include "stages/vane/housekeeping.hpp"

namespace comap::test {

inline ObservationContext open_observation(const std::string& path, const std::string& source_group = "Galactic") {
  ObservationContext observation;
  observation.level1 = read_level1_metadata(path, 0);
  observation.obsid = observation.level1.obsid;
  observation.source_group = source_group;
  return observation;
}

using Stages = std::vector<std::unique_ptr<Stage>>;
inline constexpr std::int64_t kMaxBlockSamples = 20000;

using Workers = std::vector<std::unique_ptr<FeedWorker>>;

/// TOD of one feed: [band][channel][sample].
inline std::vector<float> read_feed(const Level1Metadata& level1, std::size_t row) {
  const h5::File file = h5::File::open_read(level1.path);
  const auto n_channels = static_cast<std::uint64_t>(level1.n_channels);
  const auto n_samples = static_cast<std::uint64_t>(level1.n_samples);
  return file.read<float>("spectrometer/tod", {{row, 0, 0, 0}, {1, kBands, n_channels, n_samples}});
}

inline FeedBlock block_of(const Level1Metadata& level1, const std::vector<float>& tod, int band, SampleRange range) {
  FeedBlock block;
  block.band = band;
  block.start = range[0];
  block.n_samples = range[1] - range[0];
  block.n_channels = level1.n_channels;
  block.stride = level1.n_samples;
  block.tod = tod.data() + static_cast<std::int64_t>(band) * level1.n_channels * level1.n_samples + range[0];
  return block;
}

inline std::vector<float> channel_medians(const FeedBlock& block) {
  std::vector<float> medians;
  for (int channel = 0; channel < block.n_channels; ++channel) medians.push_back(median(block.channel(channel)));
  return medians;
}

/// Runs the workers of one feed over all its samples.
inline ProductTable run_feed(const Stages& stages, const ObservationContext& observation, std::size_t row,
                             const std::vector<float>& tod) {
  const int feed = observation.level1.feeds[row];
  ProductTable products;
  Workers workers;
  for (const auto& stage : stages) {
    if (auto worker = stage->start_feed(observation, feed, products)) workers.push_back(std::move(worker));
  }
  for (std::size_t event = 0; event < observation.vane_events.size(); ++event) {
    for (int band = 0; band < kBands; ++band) {
      FeedBlock block = block_of(observation.level1, tod, band, observation.vane_events[event]);
      block.feed = feed;
      block.scan = static_cast<int>(event);
      for (const auto& worker : workers) worker->consume_vane(block);
    }
  }
  for (const auto& worker : workers) worker->finish_vane();
  for (const TimePiece& piece : plan_pieces(observation, combined_deliveries(all_of(stages)), kMaxBlockSamples)) {
    for (int band = 0; band < kBands; ++band) {
      FeedBlock block = block_of(observation.level1, tod, band, {piece.start, piece.start + piece.n_samples});
      block.feed = feed;
      block.scan = piece.scan;
      const std::vector<float> medians = channel_medians(block);
      block.channel_median = medians;
      for (const auto& worker : workers) worker->consume_channels(block, 0, block.n_channels);
      for (const auto& worker : workers) worker->consume(block);
    }
  }
  for (const auto& worker : workers) worker->finish();
  return products;
}

}  // namespace comap::test
