#include "check/check_vane.hpp"

#include <algorithm>
#include <iterator>

#include "core/constants.hpp"
#include "stages/check_level1/sample_screen.hpp"
#include "stages/vane/system_temperature.hpp"

namespace comap {
namespace {

/// Gives the vane events of one feed to the stage, screened as level2 does.
void calibrate_feed(const ObservationContext& observation, const CheckLevel1Config& limits, int row, TodReader& reader,
                    FeedWorker& worker) {
  const Level1Metadata& level1 = observation.level1;
  SampleScreen screen(level1, limits);
  std::vector<float> tod;
  std::vector<std::uint8_t> flags;
  for (std::size_t event = 0; event < observation.vane_events.size(); ++event) {
    const auto [start, end] = observation.vane_events[event];
    tod.resize(level1.n_channels * (end - start));
    flags.assign(end - start, 0);
    for (int band = 0; band < kBands; ++band) {
      reader.read({row, band, 1, start, end - start}, tod);
      FeedBlock block;
      block.feed = level1.feeds[row];
      block.band = band;
      block.start = start;
      block.n_samples = block.stride = end - start;
      block.n_channels = level1.n_channels;
      block.tod = tod.data();
      screen.screen(block, tod.data(), flags);
      block.scan = static_cast<int>(event);
      worker.consume_vane(block);
    }
  }
  worker.finish_vane();
}

}  // namespace

std::vector<Trouble> check_vane(const ObservationContext& observation, const Level2Config& config, TodReader& reader) {
  const SystemTemperature stage(config.system_temperature);
  std::vector<int> feeds;
  std::vector<ProductTable> products;
  std::vector<Trouble> troubles;
  for (int row = 0; row < observation.level1.n_feeds; ++row) {
    const int feed = observation.level1.feeds[row];
    if (feed > kScienceFeeds) continue;
    feeds.push_back(feed);
    ProductTable& of_feed = products.emplace_back();
    const auto worker = stage.start_feed(observation, feed, of_feed);
    calibrate_feed(observation, config.check_level1, row, reader, *worker);
    std::ranges::copy(of_feed.troubles, std::back_inserter(troubles));
  }
  std::ranges::move(stage.compare_feeds(observation, feeds, products), std::back_inserter(troubles));
  stage.summary(observation, products);
  return troubles;
}

}  // namespace comap
