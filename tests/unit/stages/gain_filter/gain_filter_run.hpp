#pragma once
/// \file
/// Drives the gain filter stage as the pipeline does, on data in memory.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "math/median.hpp"
#include "stages/gain_filter/gain_filter.hpp"

namespace comap::test {

/// One feed of an observation: context and TOD [band][channel][sample].
struct FeedData {
  ObservationContext observation;
  int feed = 1;
  std::vector<float> tod;
  std::vector<float> gain_counts_per_K;     ///< [band][channel]
  std::vector<float> system_temperature_K;  ///< [band][channel]
  std::vector<double> level1_auto_rms;      ///< [band][channel], counts; may be empty
};

/// Hands every scan to `worker`, band after band.
inline void feed_scans(const FeedData& data, FeedWorker& worker) {
  const Level1Metadata& level1 = data.observation.level1;
  std::vector<float> medians(static_cast<std::size_t>(level1.n_channels));
  std::vector<float> scratch;
  for (std::size_t scan = 0; scan < data.observation.scans.size(); ++scan) {
    for (int band = 0; band < kBands; ++band) {
      FeedBlock block;
      block.feed = data.feed;
      block.band = band;
      block.scan = static_cast<int>(scan);
      block.start = data.observation.scans[scan][0];
      block.n_samples = data.observation.scans[scan][1] - block.start;
      block.n_channels = level1.n_channels;
      block.stride = level1.n_samples;
      block.tod = data.tod.data() + band * level1.n_channels * level1.n_samples + block.start;
      for (int channel = 0; channel < level1.n_channels; ++channel) {
        medians[static_cast<std::size_t>(channel)] = median(block.channel(channel), scratch);
      }
      block.channel_median = medians;
      worker.consume_channels(block, 0, block.n_channels);
      worker.consume(block);
    }
  }
}

inline ProductTable run_gain_filter(FeedData& data, const GainFilterConfig& config) {
  data.observation.products.set(level2::kVaneEventMjd, Array(shape_of(1), data.observation.level1.mjd.front()));
  const auto shape = shape_of(1, kBands, data.observation.level1.n_channels);
  ProductTable products;
  products.set(level2::kGain, {shape, data.gain_counts_per_K});
  products.set(level2::kSystemTemperature, {shape, data.system_temperature_K});
  if (!data.level1_auto_rms.empty()) {
    products.set(level2::kLevel1AutoRms, {shape_of(shape[1], shape[2]), data.level1_auto_rms});
  }
  const GainFilter stage(config, SystemTemperatureConfig{});
  const auto worker = stage.start_feed(data.observation, data.feed, products);
  worker->finish_vane();
  feed_scans(data, *worker);
  worker->finish();
  return products;
}

/// Metadata that the stage needs, from a Level-1 file. `sample_time_s` = 0: the measured one.
inline ObservationContext read_observation(const h5::File& file, double sample_time_s) {
  ObservationContext observation;
  Level1Metadata& level1 = observation.level1;
  level1.path = file.path();
  const h5::Extent extent = file.info("spectrometer/tod").extent;
  level1.n_feeds = static_cast<int>(extent[0]);
  level1.n_channels = static_cast<int>(extent[2]);
  level1.n_samples = static_cast<std::int64_t>(extent[3]);
  level1.frequency_GHz = file.read<double>("spectrometer/frequency");
  level1.mjd = file.read<double>("spectrometer/MJD");
  level1.elevation_deg = file.read<double>("spectrometer/pixel_pointing/pixel_el");
  for (const std::int64_t feed : file.read<std::int64_t>("spectrometer/feeds")) {
    level1.feeds.push_back(static_cast<int>(feed));
  }
  level1.sample_time_s = sample_time_s > 0.0 ? sample_time_s
                                             : (level1.mjd.back() - level1.mjd.front()) * kSecondsPerDay /
                                                   static_cast<double>(level1.n_samples - 1);
  return observation;
}

/// Part [row] of a dataset whose first axis is the feed.
template <typename T>
std::vector<T> read_row(const h5::File& file, const std::string& dataset, std::uint64_t row) {
  const h5::Extent extent = file.info(dataset).extent;
  h5::Slab slab = h5::Slab::all(extent);
  slab.start[0] = row;
  slab.count[0] = 1;
  return file.read<T>(dataset, slab);
}

/// Values of the first vane event for one feed row.
inline std::vector<float> read_vane_row(const h5::File& file, const std::string& dataset, std::uint64_t row) {
  h5::Slab slab = h5::Slab::all(file.info(dataset).extent);
  slab.count[0] = 1;
  slab.start[1] = row;
  slab.count[1] = 1;
  return file.read<float>(dataset, slab);
}

}  // namespace comap::test
