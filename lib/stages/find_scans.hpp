#pragma once
/// \file
/// Stage find_scans.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Stretches of samples between repointings.
///
///   source_group SkyDip        runs of feature 8 of the array's frame (housekeeping `hk_time_offset_s` late)
///   any lissajous_status != 0  runs of status 1, each row holding until the next
///   otherwise                  runs of feature 8, 9 or 10 of the spectrometer, whatever other bits are set; from the
///   end
///                              of the first vane event to the start of the next, or to the end
/// A run goes on over interruptions of at most `max_flicker_s` (scan_runs.hpp), is cut where the recording pauses for
/// more than `max_time_gap_s`, and holds no sample of a vane event nor, unless the vane is parked, with feature 13.
/// Each run loses `trim_start` and `trim_end` samples; those shorter than `min_scan_samples` then are dropped.
///
/// Out    level2/scan_edges [scan][2], start and end (exclusive); ObservationContext::scans
/// Fails  ObservationError when no scan is left.
class FindScans final : public Stage {
 public:
  FindScans(FindScansConfig config, SystemTemperatureConfig calibration, double max_time_gap_s)
      : config_(config), calibration_(std::move(calibration)), max_time_gap_s_(max_time_gap_s) {}

  std::string_view name() const override { return "find_scans"; }
  DatasetList reads() const override { return {&level2::kSampleFlags, &level2::kGain}; }
  DatasetList writes() const override { return {&level2::kScanEdges}; }
  Deliveries deliveries() const override { return {.level1_metadata = true}; }
  void prepare(ObservationContext& observation) const override;
  /// `n_scans`.
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;

 private:
  FindScansConfig config_;
  SystemTemperatureConfig calibration_;
  double max_time_gap_s_;  ///< longer steps are pauses of the recording
};

/// Keys of [level2.find_scans].
void bind(Binder& binder, FindScansConfig& config);

}  // namespace comap
