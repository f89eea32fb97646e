#pragma once
/// \file
/// Stage atmosphere_vane.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Emission of the atmosphere in every channel, from the whole observation at once as in a sky dip: a longer lever in
/// elevation than a scan has, at the price of the gain's drift.
///
/// Least squares of tod / gain = offset + tau / sin(elevation) over the samples with finite tod and elevation from the
/// first to the last with a feature other than the vane's, scans and what is between them, without the vane events;
/// the gain is that at the middle of each block. Where the elevation of all of them ranges over less than
/// `min_elevation_range_deg`: offset = median over the scans of median(tod) / gain, tau = 0.
///
/// In     tod with and between scans, channel medians, counts; vane calibration
/// Out    level2/atmosphere_vane/offsets, tau [feed][band][channel], K. NaN: fewer than two finite samples, or no gain.
class AtmosphereVane final : public Stage {
 public:
  AtmosphereVane(AtmosphereConfig config, SystemTemperatureConfig calibration)
      : config_(config), calibration_(std::move(calibration)) {}

  std::string_view name() const override { return "atmosphere_vane"; }
  DatasetList reads() const override { return {&level2::kGain, &level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kAtmosphereVaneOffsets, &level2::kAtmosphereVaneTau}; }
  Deliveries deliveries() const override {
    return {.scan_samples = true, .between_scans = true, .channel_medians = true};
  }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;

 private:
  AtmosphereConfig config_;
  SystemTemperatureConfig calibration_;
};

}  // namespace comap
