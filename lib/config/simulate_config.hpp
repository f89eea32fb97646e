#pragma once
/// \file
/// [simulate]: what the simulator makes. The physics, with its equations, is in docs/simulate.md.

#include <cstdint>
#include <string>
#include <vector>

namespace comap {

/// How the fields are scanned. `mixed`: every third observation at constant elevation, the others as rasters.
enum class ScanType { raster, constant_elevation, mixed };
enum class CalibratorPattern { raster, lissajous };
enum class TodStorage { contiguous, chunked };

/// [simulate]; groups of keys in the order of docs/simulate.md.
struct SimulateConfig {
  std::string output_dir = "level1";
  int n_observations = 3;  ///< of the field; calibrators come on top
  std::uint64_t seed = 1;
  bool overwrite = false;  ///< false: files made with the same settings are kept

  // Which observations
  std::int64_t first_obsid = 40001;
  std::string source = "Field12";
  std::string comment = "simulated";
  std::string start_date = "2022-09-20";  ///< UTC, of the first observation; one a day
  double field_l_deg = 30.0;
  double field_b_deg = 0.0;
  std::vector<double> hour_angles_h = {-2.6, 2.6, 0.2};  ///< of the field at mid observation, taken in turn
  int n_calibrators = 0;
  std::string calibrator = "TauA";
  std::vector<double> calibrator_hour_angles_h = {-1.5, 1.5};

  int n_sky_dips = 0;  ///< one before each of the first n_sky_dips observations

  // Sizes
  int n_feeds = 3;  ///< without the ground feed, which is always added
  int n_channels = 64;
  double sample_rate_Hz = 50.0;
  int n_scans = 4;
  double scan_duration_s = 45.0;
  double calibrator_duration_s = 150.0;
  double sky_dip_duration_s = 60.0;
  double repointing_duration_s = 3.0;
  double vane_duration_s = 12.0;
  double idle_duration_s = 2.0;

  // Telescope motion
  ScanType scan_type = ScanType::mixed;
  double azimuth_half_width_deg = 0.7;  ///< on the sky
  double elevation_half_width_deg = 0.4;
  double sweep_duration_s = 4.0;  ///< from one side to the other
  CalibratorPattern calibrator_pattern = CalibratorPattern::raster;
  double calibrator_half_width_deg = 0.6;
  double calibrator_sweep_duration_s = 5.0;
  double sky_dip_min_elevation_deg = 40.0;
  double sky_dip_max_elevation_deg = 65.0;
  double feed_spacing_arcmin = 12.0;

  // Sky
  std::uint64_t sky_seed = 7;
  std::vector<std::vector<double>> sources;  ///< rows l_deg, b_deg, T30_K, fwhm_arcmin, beta; given: nothing is drawn
  int n_sources = 8;
  double source_min_T30_K = 0.05;
  double source_max_T30_K = 0.30;
  double source_radius_deg = 0.6;
  double beam_fwhm_arcmin = 4.5;
  double ridge_T30_K = 0.05;
  double ridge_offset_deg = 0.1;  ///< of its spine from field_b_deg
  double ridge_sigma_deg = 0.3;
  double ridge_beta = -2.7;
  double ridge_modulation = 0.3;
  double ridge_period_deg = 1.1;
  double line_peak_K = 0.3;
  double line_frequency_GHz = 31.22332;
  double line_fwhm_GHz = 0.03;
  int line_source = 0;  ///< row of the source that emits the line
  double random_rms_K = 0.0;
  double random_slope = -2.0;
  double random_beta = -2.1;
  double random_size_deg = 16.0;

  // Receivers
  std::uint64_t instrument_seed = 1000;
  double receiver_temperature_K = 27.0;
  double receiver_ripple_K = 1.75;
  int spiky_channels_per_band = 2;
  double spiky_min_K = 80.0;
  double spiky_max_K = 250.0;
  double gain_counts_per_K = 2.0e4;
  double gain_ripple = 0.25;
  bool radiometer_noise = true;
  double gain_sigma = 1.5e-3;
  double gain_alpha = -1.3;
  double gain_band_correlation = 0.8;
  double gain_drift = 0.0;  ///< relative, start to end

  // Atmosphere and vane
  double atmosphere_temperature_K = 270.0;
  double zenith_opacity = 0.04;
  double water_fraction = 0.5;
  double opacity_drift = 0.01;
  double opacity_sigma = 0.0;
  double opacity_alpha = -2.667;
  double vane_temperature_K = 291.15;
  double housekeeping_delay_s = 0.6;

  // Faults
  int glitches_per_feed = 6;
  double glitch_amplitude_K = 0.4;
  int n_nan_samples = 5;
  int n_nan_channels = 1;

  // Files
  TodStorage storage = TodStorage::contiguous;
  std::int64_t chunk_samples = 4000;
  int gzip_level = 3;
};

}  // namespace comap
