#include "stages/atmosphere/atmosphere.hpp"

#include <algorithm>
#include <cmath>

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "stages/atmosphere/atmosphere_fit.hpp"
#include "stages/feed_row.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {
namespace {

class AtmosphereWorker final : public FeedWorker {
 public:
  AtmosphereWorker(const ObservationContext& observation, int feed, const AtmosphereConfig& config,
                   const SystemTemperatureConfig& calibration, ProductTable& products)
      : observation_(observation), config_(config), calibration_(calibration), products_(products) {
    for (const auto& scan : observation.scans) {
      airmass_.emplace_back(feed_samples(observation.level1, observation.level1.elevation_deg, feed, scan));
    }
    const auto shape = shape_of(kBands, observation.level1.n_channels, observation.scans.size());
    for (auto* values : {&offsets_K_, &tau_K_}) *values = Array(shape, kNan);
  }

  void finish_vane() override {
    for (const auto& scan : observation_.scans) {
      const double first = observation_.level1.mjd[scan[0]];
      const double last = observation_.level1.mjd[scan[1] - 1];
      gain_.push_back(calibration_at(observation_, products_, calibration_, 0.5 * (first + last)).gain_counts_per_K);
    }
  }

  void consume_channels(const FeedBlock& block, int first, int end) override {
    if (block.scan < 0) return;
    const std::size_t scan = block.scan;
    for (int channel = first; channel < end; ++channel) {
      const AtmosphereLine line = fit_channel(block, channel, airmass_[scan]);
      const double gain = gain_[scan](block.band, channel);
      offsets_K_(block.band, channel, scan) = line.offset / gain;
      tau_K_(block.band, channel, scan) = line.tau / gain;
    }
  }

  void finish() override {
    products_.set(level2::kAtmosphereOffsets, std::move(offsets_K_));
    products_.set(level2::kAtmosphereTau, std::move(tau_K_));
  }

 private:
  AtmosphereLine fit_channel(const FeedBlock& block, int channel, const ScanAirmass& airmass) const {
    if (airmass.elevation_range_deg() < config_.min_elevation_range_deg) {
      return {block.channel_median[channel], 0.0};
    }
    return airmass.fit(block.channel(channel));
  }

  const ObservationContext& observation_;
  const AtmosphereConfig& config_;
  const SystemTemperatureConfig& calibration_;
  ProductTable& products_;
  std::vector<ScanAirmass> airmass_;    ///< [scan]
  std::vector<Array<double, 2>> gain_;  ///< [scan] of [band][channel], counts / K
  Array<double, 3> offsets_K_;          ///< [band][channel][scan]
  Array<double, 3> tau_K_;              ///< [band][channel][scan]
};

}  // namespace

void bind(Binder& binder, AtmosphereConfig& config) {
  binder.number("min_elevation_range_deg", config.min_elevation_range_deg, {0, 90},
                "smaller: tau = 0, offset = median [deg]");
}

std::unique_ptr<FeedWorker> Atmosphere::start_feed(const ObservationContext& observation, int feed,
                                                   ProductTable& products) const {
  return std::make_unique<AtmosphereWorker>(observation, feed, config_, calibration_, products);
}

nlohmann::json Atmosphere::summary(const ObservationContext& /*observation*/,
                                   const std::vector<ProductTable>& feeds) const {
  double sum = 0.0, n = 0.0;
  for (const ProductTable& products : feeds) {
    if (!products.contains(level2::kAtmosphereTau)) continue;
    for (const double tau : products.flat(level2::kAtmosphereTau)) {
      if (!std::isfinite(tau) || tau == 0.0) continue;
      sum += tau;
      n += 1.0;
    }
  }
  return {{"mean_tau", n > 0.0 ? sum / n : kNan}};
}

}  // namespace comap
