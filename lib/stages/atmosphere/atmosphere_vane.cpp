#include "stages/atmosphere/atmosphere_vane.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "io/level2/level2_schema.hpp"
#include "math/median.hpp"
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
      : observation_(observation),
        feed_(feed),
        config_(config),
        calibration_(calibration),
        products_(products),
        centre_(ScanAirmass(elevation({0, observation.level1.n_samples})).mean()),
        sums_(static_cast<std::size_t>(kBands) * n_channels()),
        medians_K_(sums_.size()) {}

  void consume(const FeedBlock& block) override {
    if (block.band == 0 || gain_.empty()) start_block(block);
    const ScanAirmass airmass(elevation_deg_, centre_);
    for (int channel = 0; channel < block.n_channels; ++channel) {
      const std::size_t element =
          static_cast<std::size_t>(block.band) * n_channels() + static_cast<std::size_t>(channel);
      if (!std::isfinite(gain_[element])) continue;
      sums_[element].add(airmass.sums(block.channel(channel)), 1.0 / gain_[element]);
      if (block.scan < 0) continue;
      const auto median_counts = static_cast<double>(block.channel_median[static_cast<std::size_t>(channel)]);
      medians_K_[element].push_back(median_counts / gain_[element]);
    }
  }

  void finish() override {
    const bool is_flat = !(highest_deg_ - lowest_deg_ >= config_.min_elevation_range_deg);
    std::vector<double> offsets_K(sums_.size(), kNan), tau_K(sums_.size(), kNan);
    for (std::size_t element = 0; element < sums_.size(); ++element) {
      if (sums_[element].n == 0.0) continue;
      const AtmosphereLine line = is_flat ? AtmosphereLine{median(std::span<const double>(medians_K_[element])), 0.0}
                                          : sums_[element].line(centre_);
      offsets_K[element] = line.offset;
      tau_K[element] = line.tau;
    }
    products_.set(level2::kAtmosphereVaneOffsets, std::move(offsets_K));
    products_.set(level2::kAtmosphereVaneTau, std::move(tau_K));
  }

 private:
  std::size_t n_channels() const { return static_cast<std::size_t>(observation_.level1.n_channels); }

  std::span<const double> elevation(std::array<std::int64_t, 2> range) const {
    return feed_samples(observation_.level1, observation_.level1.elevation_deg, feed_, range);
  }

  /// Gain and elevations of a stretch of time, the same for its four bands.
  void start_block(const FeedBlock& block) {
    const std::int64_t end = block.start + block.n_samples;
    const auto& mjd = observation_.level1.mjd;
    const double middle = 0.5 * (mjd[static_cast<std::size_t>(block.start)] + mjd[static_cast<std::size_t>(end - 1)]);
    gain_ = calibration_at(observation_, products_, calibration_, middle).gain_counts_per_K;
    const auto values = elevation({block.start, end});
    elevation_deg_.assign(values.begin(), values.end());
    for (const auto& event : observation_.vane_events) {
      const std::int64_t first = std::clamp(event[0], block.start, end), last = std::clamp(event[1], block.start, end);
      std::fill(elevation_deg_.begin() + (first - block.start), elevation_deg_.begin() + (last - block.start), kNan);
    }
    for (const double value : elevation_deg_) {
      lowest_deg_ = std::fmin(lowest_deg_, value);
      highest_deg_ = std::fmax(highest_deg_, value);
    }
  }

  const ObservationContext& observation_;
  int feed_;
  const AtmosphereConfig& config_;
  const SystemTemperatureConfig& calibration_;
  ProductTable& products_;
  double centre_;                               ///< airmass from which the sums count
  std::vector<double> gain_;                    ///< [band][channel], counts / K, of the block in hand
  std::vector<double> elevation_deg_;           ///< [sample] of the block in hand; NaN in vane events
  double lowest_deg_ = kNan;                    ///< over all blocks
  double highest_deg_ = kNan;                   ///< over all blocks
  std::vector<AtmosphereSums> sums_;            ///< [band][channel]
  std::vector<std::vector<double>> medians_K_;  ///< [band][channel][scan]
};

}  // namespace

nlohmann::json AtmosphereVane::parameters() const {
  return {{"min_elevation_range_deg", config_.min_elevation_range_deg}, {"event", calibration_.event}};
}

std::vector<OutputSpec> AtmosphereVane::outputs(const ObservationContext& observation) const {
  const h5::Extent extent = {kBands, static_cast<std::uint64_t>(observation.level1.n_channels)};
  return {feed_output(level2::kAtmosphereVaneOffsets, h5::StoredType::float64, extent, "K"),
          feed_output(level2::kAtmosphereVaneTau, h5::StoredType::float64, extent, "K")};
}

std::unique_ptr<FeedWorker> AtmosphereVane::start_feed(const ObservationContext& observation, int feed,
                                                       ProductTable& products) const {
  return std::make_unique<Worker>(observation, feed, config_, calibration_, products);
}

}  // namespace comap
