#include "stages/atmosphere/atmosphere_vane.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "math/median.hpp"
#include "stages/atmosphere/atmosphere_fit.hpp"
#include "stages/feed_row.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {
namespace {

class AtmosphereVaneWorker final : public FeedWorker {
 public:
  AtmosphereVaneWorker(const ObservationContext& observation, int feed, const AtmosphereConfig& config,
                       const SystemTemperatureConfig& calibration, ProductTable& products)
      : observation_(observation),
        feed_(feed),
        config_(config),
        calibration_(calibration),
        products_(products),
        centre_(ScanAirmass(elevation({0, observation.level1.n_samples})).mean()),
        sums_(shape_of(kBands, observation.level1.n_channels)),
        medians_K_(sums_.shape()) {}

  void consume(const FeedBlock& block) override {
    if (block.band == 0 || gain_.empty()) start_block(block);
    const ScanAirmass airmass(elevation_deg_, centre_);
    for (int channel = 0; channel < block.n_channels; ++channel) {
      const double gain = gain_(block.band, channel);
      if (!std::isfinite(gain)) continue;
      sums_(block.band, channel).add(airmass.sums(block.channel(channel)), 1.0 / gain);
      if (block.scan < 0) continue;
      const double median_counts = block.channel_median[channel];
      medians_K_(block.band, channel).push_back(median_counts / gain);
    }
  }

  void finish() override {
    const bool is_flat = !(highest_deg_ - lowest_deg_ >= config_.min_elevation_range_deg);
    Array offsets_K(sums_.shape(), kNan), tau_K(sums_.shape(), kNan);
    for (std::size_t i = 0; const AtmosphereSums& sums : sums_.flat()) {
      const std::size_t element = i++;
      if (sums.n == 0.0) continue;
      const AtmosphereLine line = is_flat
                                      ? AtmosphereLine{median(std::span<const double>(medians_K_.flat()[element])), 0.0}
                                      : sums.line(centre_);
      offsets_K.flat()[element] = line.offset;
      tau_K.flat()[element] = line.tau;
    }
    products_.set(level2::kAtmosphereVaneOffsets, std::move(offsets_K));
    products_.set(level2::kAtmosphereVaneTau, std::move(tau_K));
  }

 private:
  std::span<const double> elevation(std::array<std::int64_t, 2> range) const {
    return feed_samples(observation_.level1, observation_.level1.elevation_deg, feed_, range);
  }

  /// Gain and elevations of a stretch of time, the same for its four bands.
  void start_block(const FeedBlock& block) {
    const std::int64_t end = block.start + block.n_samples;
    const auto& mjd = observation_.level1.mjd;
    const double middle = 0.5 * (mjd[block.start] + mjd[end - 1]);
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
  double centre_;                            ///< airmass from which the sums count
  Array<double, 2> gain_;                    ///< [band][channel], counts / K, of the block in hand
  std::vector<double> elevation_deg_;        ///< [sample] of the block in hand; NaN in vane events
  double lowest_deg_ = kNan;                 ///< over all blocks
  double highest_deg_ = kNan;                ///< over all blocks
  Array<AtmosphereSums, 2> sums_;            ///< [band][channel]
  Array<std::vector<double>, 2> medians_K_;  ///< [band][channel][scan]
};

}  // namespace

std::unique_ptr<FeedWorker> AtmosphereVane::start_feed(const ObservationContext& observation, int feed,
                                                       ProductTable& products) const {
  return std::make_unique<AtmosphereVaneWorker>(observation, feed, config_, calibration_, products);
}

}  // namespace comap
