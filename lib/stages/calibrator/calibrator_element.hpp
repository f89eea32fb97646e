#pragma once
/// \file
/// A calibration source in the samples of one (feed, band, sub-band).

#include <span>
#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "core/constants.hpp"
#include "stages/stage.hpp"

namespace comap {

/// One scan of one feed across a source. All arrays [sample].
struct CalibratorScan {
  std::vector<double> x_deg;  ///< east of the source, on the sky
  std::vector<double> y_deg;  ///< north of it
  std::vector<double> airmass;
  std::vector<double> time;                 ///< 0 to 1 over the scan
  double mid_mjd = 0.0;                     ///< UTC
  double parallactic_angle_rad = 0.0;       ///< at mid scan
  std::array<std::int64_t, 2> range{0, 0};  ///< samples of the file, [start, end)
};

/// The first scan of a feed in coordinates around `source` (a name of sky/source_positions.hpp): azimuth and elevation
/// to ICRS, then the sphere turned so that the source, which may move, is at the origin. Of observations before
/// `raster_drift_before_obsid` 100 arcsec are added to the azimuth of samples at which it rises.
CalibratorScan calibrator_scan(const ObservationContext& observation, int feed, const std::string& source,
                               const CalibratorFitConfig& config);

/// A number and its error; NaN where nothing was found.
struct Measured {
  double value = kNan;
  double error = kNan;
};

/// The source as one half band of a feed measures it.
struct CalibratorMeasurement {
  Measured amplitude_K;
  Measured ra_offset_deg, dec_offset_deg;  ///< of the peak from the source, on the sky (cos(dec) is in it)
  Measured az_offset_deg, el_offset_deg;   ///< the same, azimuth times cos(el)
  Measured major_std_deg, minor_std_deg;   ///< along x and y when the angle is held at 0
  Measured position_angle_deg;             ///< of the major axis, from x (east) towards y (north)
  Measured flux_Jy;
  double chi2 = kNan;  ///< reduced, within one sigma of the peak
};

/// Fits the samples within `fit_radius_deg` of the source (math/source_fit.hpp) from the largest median of three
/// neighbours in time with the nominal beam, together with a constant and a slope in time of every sweep across that
/// circle (`background = "sweep"`), or constant, time and airmass of the scan ("scan"). `values_K` [sample of the
/// scan], NaN left out, and so are glitches: samples further than `glitch_sigma` times the noise (and 30 % of the
/// height) from the median of the five samples around, then those as far (and 3 % of the source) from the fit, which is
/// done again until there are none. Everything is NaN when the fit fails, the amplitude is negative, a width above 3
/// times the nominal one, or the offset outside the radius.
///
/// Flux = 2 pi A sigma_x sigma_y 2 k nu^2 / c^2 at `frequency_GHz`. Errors are those of noise with the power spectrum
/// of the scan without the source, which is not white (correlated_covariance), times sqrt(chi2) where chi2 is above 1.
/// The noise of chi2 is the rms of what is left between 3 and 5 sigmas of the nominal beam from the source, or auto_rms
/// of the scan when 20 samples or fewer are there.
CalibratorMeasurement measure_calibrator(const CalibratorScan& scan, std::span<const float> values_K,
                                         double frequency_GHz, const CalibratorFitConfig& config);

}  // namespace comap
