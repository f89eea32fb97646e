#pragma once
/// \file
/// Stage system_temperature.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// System temperature and gain of every channel from the ambient-load vane.
///
/// Hot samples of an event (run of feature 13 of the array in which the vane moves, housekeeping taken
/// `hk_time_offset_s` earlier than stored) have an angle below the event's lowest + `vane_hot_margin_deg`, cold samples
/// one above `vane_cold_angle_deg`; of these, those that the power of the band has on one plateau (vane_plateaus.hpp):
///   T_hot = median temperature of the load in the event (load_temperature.hpp),  Y = V_hot / V_cold, means
///   Tsys = (T_hot - Y T_cold) / (Y - 1),  gain = (V_hot - V_cold) / (T_hot - T_cold)
/// An event of a feed that contradicts another event is left out (vane_comparison.hpp).
///
/// A sky dip (source_group SkyDip) without such an event takes the values and times of the Level-2 file of obsid + 1.
///
/// In     tod of the vane events, counts
/// Out    level2/vane/system_temperature [event][feed row][band][channel], K; gain, same shape, counts / K;
///        event_mjd [event]. NaN: channels without finite hot and cold samples or with a system temperature outside
///        min/max_system_temperature_K; bands and feeds for which an event is not used (troubles say which and why).
/// Fails  ObservationError without a run of feature 13, when none has hot and cold samples, when the housekeeping's
///        times are of another day, and from summary() when no feed has a gain; for a sky dip, when the observation
///        after it has no complete Level-2 file.
/// Source Foss et al. 2022, ApJ 933, 182, section 3; level2-stages.
class SystemTemperature final : public Stage {
 public:
  explicit SystemTemperature(SystemTemperatureConfig config) : config_(std::move(config)) {}

  std::string_view name() const override { return "system_temperature"; }
  DatasetList reads() const override { return {&level2::kSampleFlags}; }
  DatasetList writes() const override { return {&level2::kSystemTemperature, &level2::kGain, &level2::kVaneEventMjd}; }
  Deliveries deliveries() const override { return {.vane_samples = true}; }
  void prepare(ObservationContext& observation) const override;
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;
  /// `median_tsys` over all channels of all feeds and events [K]. Throws ObservationError when no feed has a gain.
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;
  std::vector<Trouble> compare_feeds(const ObservationContext& observation, const std::vector<int>& feeds,
                                     const std::vector<ProductTable>& products) const override;

 private:
  SystemTemperatureConfig config_;
};

/// Keys of [level2.system_temperature].
void bind(Binder& binder, SystemTemperatureConfig& config);

/// Tsys [K] and gain [counts / K] of one channel from its mean counts; NaN unless V_hot > V_cold > 0.
struct TsysAndGain {
  double system_temperature_K;
  double gain_counts_per_K;
};
TsysAndGain tsys_from_vane(double hot_counts, double cold_counts, double hot_temperature_K, double cold_temperature_K);

}  // namespace comap
