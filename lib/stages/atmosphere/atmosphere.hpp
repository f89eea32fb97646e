#pragma once
/// \file
/// Stage atmosphere.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Emission of the atmosphere in every channel and scan.
///
/// Least squares over the samples with finite tod and elevation of
///   tod / gain = offset + tau * A,  A = 1 / sin(elevation)
/// with the gain of the vane at mid scan. Where the elevation of the scan ranges over less than
/// `min_elevation_range_deg`: offset = median(tod) / gain, tau = 0.
///
/// In     tod of scans, channel medians, counts; vane calibration
/// Out    level2/atmosphere/offsets, tau [feed][band][channel][scan], K. NaN: fewer than two finite samples, or a
///        gain that is NaN.
class Atmosphere final : public Stage {
 public:
  Atmosphere(AtmosphereConfig config, SystemTemperatureConfig calibration)
      : config_(config), calibration_(std::move(calibration)) {}

  std::string_view name() const override { return "atmosphere"; }
  DatasetList reads() const override { return {&level2::kGain, &level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kAtmosphereOffsets, &level2::kAtmosphereTau}; }
  Deliveries deliveries() const override { return {.scan_samples = true, .channel_medians = true}; }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;
  /// `mean_tau` over all channels, scans and feeds [K]; scans without elevation range left out.
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;

 private:
  AtmosphereConfig config_;
  SystemTemperatureConfig calibration_;
};

/// Keys of [level2.atmosphere].
void bind(Binder& binder, AtmosphereConfig& config);

}  // namespace comap
