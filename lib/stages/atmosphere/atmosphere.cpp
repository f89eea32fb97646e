#include "stages/atmosphere/atmosphere.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/level2/level2_schema.hpp"
#include "stages/atmosphere/atmosphere_fit.hpp"
#include "stages/feed_row.hpp"
#include "stages/output_spec.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {
namespace {

class Worker final : public FeedWorker {
 public:
  Worker(const ObservationContext& observation, int feed, const AtmosphereConfig& config,
         const SystemTemperatureConfig& calibration, ProductTable& products)
      : observation_(observation), config_(config), calibration_(calibration), products_(products) {
    for (const auto& scan : observation.scans) {
      airmass_.emplace_back(feed_samples(observation.level1, observation.level1.elevation_deg, feed, scan));
    }
    const std::size_t size = observation.scans.size() * kBands * n_channels();
    offsets_K_.assign(size, kNan);
    tau_K_.assign(size, kNan);
  }

  void finish_vane() override {
    for (const auto& scan : observation_.scans) {
      const double first = observation_.level1.mjd[static_cast<std::size_t>(scan[0])];
      const double last = observation_.level1.mjd[static_cast<std::size_t>(scan[1] - 1)];
      gain_.push_back(calibration_at(observation_, products_, calibration_, 0.5 * (first + last)).gain_counts_per_K);
    }
  }

  void consume_channels(const FeedBlock& block, int first, int end) override {
    if (block.scan < 0) return;
    const auto scan = static_cast<std::size_t>(block.scan);
    for (int channel = first; channel < end; ++channel) {
      const std::size_t element =
          static_cast<std::size_t>(block.band) * n_channels() + static_cast<std::size_t>(channel);
      const AtmosphereLine line = fit_channel(block, channel, airmass_[scan]);
      const double gain = gain_[scan][element];
      offsets_K_[element * airmass_.size() + scan] = line.offset / gain;
      tau_K_[element * airmass_.size() + scan] = line.tau / gain;
    }
  }

  void finish() override {
    products_.set(level2::kAtmosphereOffsets, std::move(offsets_K_));
    products_.set(level2::kAtmosphereTau, std::move(tau_K_));
  }

 private:
  std::size_t n_channels() const { return static_cast<std::size_t>(observation_.level1.n_channels); }

  AtmosphereLine fit_channel(const FeedBlock& block, int channel, const ScanAirmass& airmass) const {
    if (airmass.elevation_range_deg() < config_.min_elevation_range_deg) {
      return {block.channel_median[static_cast<std::size_t>(channel)], 0.0};
    }
    return airmass.fit(block.channel(channel));
  }

  const ObservationContext& observation_;
  const AtmosphereConfig& config_;
  const SystemTemperatureConfig& calibration_;
  ProductTable& products_;
  std::vector<ScanAirmass> airmass_;       ///< [scan]
  std::vector<std::vector<double>> gain_;  ///< [scan][band][channel], counts / K
  std::vector<double> offsets_K_;          ///< [band][channel][scan]
  std::vector<double> tau_K_;              ///< [band][channel][scan]
};

}  // namespace

nlohmann::json Atmosphere::parameters() const {
  return {{"min_elevation_range_deg", config_.min_elevation_range_deg}, {"event", calibration_.event}};
}

std::vector<OutputSpec> Atmosphere::outputs(const ObservationContext& observation) const {
  const h5::Extent extent = {kBands, static_cast<std::uint64_t>(observation.level1.n_channels),
                             observation.scans.size()};
  return {feed_output(level2::kAtmosphereOffsets, h5::StoredType::float64, extent, "K"),
          feed_output(level2::kAtmosphereTau, h5::StoredType::float64, extent, "K")};
}

std::unique_ptr<FeedWorker> Atmosphere::start_feed(const ObservationContext& observation, int feed,
                                                   ProductTable& products) const {
  return std::make_unique<Worker>(observation, feed, config_, calibration_, products);
}

nlohmann::json Atmosphere::summary(const ObservationContext& /*observation*/,
                                   const std::vector<ProductTable>& feeds) const {
  double sum = 0.0, n = 0.0;
  for (const ProductTable& products : feeds) {
    if (!products.contains(level2::kAtmosphereTau)) continue;
    for (const double tau : products.get<double>(level2::kAtmosphereTau)) {
      if (!std::isfinite(tau) || tau == 0.0) continue;
      sum += tau;
      n += 1.0;
    }
  }
  return {{"mean_tau", n > 0.0 ? sum / n : kNan}};
}

}  // namespace comap
