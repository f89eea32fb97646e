#pragma once
/// \file
/// Stage calibrator_fit.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Amplitude, place, width and flux of a calibration source in the first scan, for every feed, band and sub-band
/// (stages/calibrator/calibrator_element.hpp has the equations). Does nothing for other source groups than Calibrator,
/// and, with a warning, for sources whose position is not known. Needs no TOD.
///
/// In     level2/binned_filtered_data [K], level2/central_freqs, scans, azimuth, elevation, MJD
/// Out    level2/calibrator_fit/{amplitudes [K], ra_offset, dec_offset, az_offset, el_offset, major_std, minor_std,
///        position_angle [deg], flux [Jy]} with ..._errors, chi2: [feed][band][sub-band]. NaN where the fit failed.
class CalibratorFit final : public Stage {
 public:
  explicit CalibratorFit(CalibratorFitConfig config) : config_(std::move(config)) {}

  std::string_view name() const override { return "calibrator_fit"; }
  DatasetList reads() const override { return {&level2::kScanEdges, &level2::kBinnedFiltered}; }
  DatasetList writes() const override;
  bool applies_to(const ObservationContext& observation) const override;
  void prepare(ObservationContext& observation) const override;
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;
  /// Medians over all elements: calibrator_flux, calibrator_flux_error [Jy], calibrator_chi2, pointing_offset_az,
  /// _el, _ra, _dec [deg].
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;
  std::vector<CalibrationFlux> calibration_flux(const ObservationContext& observation, int feed,
                                                const ProductTable& products) const override;

 private:
  CalibratorFitConfig config_;
};

/// Keys of [level2.calibrator_fit].
void bind(Binder& binder, CalibratorFitConfig& config);

}  // namespace comap
