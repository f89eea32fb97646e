#include "stages/noise_stats_level1.hpp"

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "math/streaming_auto_rms.hpp"

namespace comap {
namespace {

class NoiseStatsLevel1Worker final : public FeedWorker {
 public:
  NoiseStatsLevel1Worker(int n_channels, NoiseEstimator estimator, ProductTable& products)
      : n_channels_(n_channels), noise_(kBands * n_channels_, estimator), products_(products) {}

  void consume_channels(const FeedBlock& block, int first, int end) override {
    const std::size_t band_start = block.band * n_channels_;
    for (int channel = first; channel < end; ++channel) {
      noise_.add(band_start + channel, block.channel(channel));
    }
  }

  void finish() override {
    Array<double, 2> auto_rms(shape_of(kBands, n_channels_));
    for (std::size_t element = 0; double& value : auto_rms.flat()) value = noise_.result(element++);
    products_.set(level2::kLevel1AutoRms, std::move(auto_rms));
  }

 private:
  std::size_t n_channels_;
  StreamingAutoRms noise_;
  ProductTable& products_;
};

}  // namespace

void bind_estimator(Binder& binder, NoiseEstimator& estimator) {
  binder.choice_as("estimator", estimator, {{"mad", NoiseEstimator::mad}, {"std", NoiseEstimator::standard_deviation}},
                   "of auto_rms");
}

void bind(Binder& binder, NoiseStatsLevel1Config& config) { bind_estimator(binder, config.estimator); }

std::unique_ptr<FeedWorker> NoiseStatsLevel1::start_feed(const ObservationContext& observation, int /*feed*/,
                                                         ProductTable& products) const {
  return std::make_unique<NoiseStatsLevel1Worker>(observation.level1.n_channels, config_.estimator, products);
}

}  // namespace comap
