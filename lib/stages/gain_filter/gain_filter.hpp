#pragma once
/// \file
/// Stage gain_filter: gain fluctuations taken out, channels averaged to sub-bands.

#include <utility>

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Averages the channels of every sub-band to a brightness temperature, without and with the fluctuations of the gain
/// taken out. docs/gain-filter.md has the equations, their cost and their limits.
///
/// maximum_posterior: best linear unbiased estimate of the sky with a prior on the gain only (maximum_posterior.hpp)
/// line: everything smooth in frequency taken out, for lines (line_filter.hpp)
/// least_squares, common_mode: the Python pipeline's filters, for comparison (common_gain_worker.hpp)
///
/// In     tod of scans with channel medians, counts; vane calibration; for channel_weights = "measured" the
///        Level-1 noise
/// Out    level2/binned_data, binned_filtered_data [feed][band][sub-band][sample], K: 0 outside scans, NaN where data
///        are missing; level2/gain_filter/*; level2/central_freqs, bandwidths; the bit kChannels of
///        level2/sample_flags
class GainFilter final : public Stage {
 public:
  GainFilter(GainFilterConfig config, SystemTemperatureConfig calibration);

  std::string_view name() const override { return "gain_filter"; }
  DatasetList reads() const override;
  DatasetList writes() const override;
  Deliveries deliveries() const override { return {.scan_samples = true, .channel_medians = true}; }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;

 private:
  GainFilterConfig config_;
  SystemTemperatureConfig calibration_;
};

/// Keys of [level2.gain_filter].
void bind(Binder& binder, GainFilterConfig& config);

}  // namespace comap
