#pragma once
/// \file
/// Stage noise_stats_level1.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// White-noise level of every channel: auto_rms over the samples from the first to the last with a feature other than
/// the vane's, pairs counted from the first, also between scans; accumulated while the samples pass by
/// (math/streaming_auto_rms.hpp has the precision).
///
/// In     tod of scans and between them, counts
/// Out    level1_noise_stats/auto_rms [feed][band][channel], counts; NaN for channels without a pair of finite samples
class NoiseStatsLevel1 final : public Stage {
 public:
  explicit NoiseStatsLevel1(NoiseStatsLevel1Config config) : config_(config) {}

  std::string_view name() const override { return "noise_stats_level1"; }
  DatasetList reads() const override { return {&level2::kSampleFlags, &level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kLevel1AutoRms}; }
  Deliveries deliveries() const override { return {.scan_samples = true, .between_scans = true}; }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;

 private:
  NoiseStatsLevel1Config config_;
};

/// Keys of [level2.noise_stats_level1].
void bind(Binder& binder, NoiseStatsLevel1Config& config);

/// The key `estimator`, which level2.noise_stats_level2 has, too.
void bind_estimator(Binder& binder, NoiseEstimator& estimator);

}  // namespace comap
