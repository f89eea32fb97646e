#pragma once
/// \file
/// Stage find_scans.

#include "config/config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Stretches of samples between repointings.
///
///   source_group SkyDip        runs of feature 8 of the array's frame (housekeeping `hk_time_offset_s` late)
///   any lissajous_status != 0  runs of status 1, each row holding until the next
///   otherwise                  runs of feature 8 of the spectrometer, without any of 9, without any of 10; from the
///                              end of the first vane event to the start of the second, or to the end
/// Each run loses `trim_start` and `trim_end` samples; those shorter than `min_scan_samples` then are dropped.
///
/// Out    level2/scan_edges [scan][2], start and end (exclusive); ObservationContext::scans
/// Fails  ObservationError when no scan is left.
class FindScans final : public Stage {
 public:
  FindScans(FindScansConfig config, double hk_time_offset_s) : config_(config), hk_time_offset_s_(hk_time_offset_s) {}

  std::string_view name() const override { return "find_scans"; }
  FieldList requires_fields() const override { return {Field::level1_metadata, Field::vane_calibration}; }
  FieldList provides_fields() const override { return {Field::scan_edges}; }
  nlohmann::json parameters() const override;
  void prepare(ObservationContext& observation) const override;
  std::vector<OutputSpec> outputs(const ObservationContext& observation) const override;
  /// `n_scans`.
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;

 private:
  FindScansConfig config_;
  double hk_time_offset_s_;
};

}  // namespace comap
