#pragma once
/// \file
/// [level2] and its tables, one for each stage.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "math/auto_rms.hpp"

namespace comap {

/// One entry of [level2.create_level2] copy: a Level-1 path (`*` as last component: all datasets there) and a factor.
struct CopyRule {
  std::string path;
  double scale = 1.0;
};

/// [level2.create_level2]
struct CreateLevel2Config {
  std::vector<CopyRule> copy = {
      {"spectrometer/MJD", 1.0},           {"spectrometer/bands", 1.0},        {"spectrometer/frequency", 1.0},
      {"spectrometer/feeds", 1.0},         {"spectrometer/features", 1.0},     {"spectrometer/pixel_pointing/*", 1.0},
      {"hk/antenna0/vane/utc", 1.0},       {"hk/antenna0/vane/Tvane", 0.01},   {"hk/antenna0/vane/angle", 0.01},
      {"hk/antenna0/vane/Tambient", 0.01}, {"hk/antenna0/vane/Tshroud", 0.01}, {"hk/array/frame/features", 1.0},
      {"hk/array/frame/utc", 1.0},         {"hk/array/weather/*", 0.01}};
  bool overwrite = false;  ///< run the stage, and those that build on it, also when it is up to date
};

/// [level2.check_level1]: what a Level-1 file must agree with. Files beyond a `max`/`min` of the observation are
/// refused, samples beyond theirs are missing.
struct CheckLevel1Config {
  double min_mjd = 57000.0;  ///< UTC
  double max_mjd = 70000.0;
  double min_frequency_GHz = 20.0;
  double max_frequency_GHz = 40.0;
  double max_time_gap_s = 1.0;               ///< longer steps are pauses of the recording
  double max_sample_time_error = 0.1;        ///< relative, of the median step against the one the file states
  double warn_position_error_arcsec = 30.0;  ///< az/el/MJD against pixel_ra/dec
  double max_position_error_arcsec = 120.0;  ///< more: refused
  double max_pointing_speed_deg_s = 5.0;     ///< on the sky; faster steps are jumps
  double max_pointing_hold_s = 1.0;          ///< longer at one place inside a moving scan: frozen
  double max_counts_ratio = 30.0;            ///< to the channel's median; more is absurd
  double max_leap = 0.15;               ///< relative, of a band's power within a sample and back again; more is absurd
  int max_repeats = 0;                  ///< equal spectra in a row that are kept besides the first
  double max_repeated_fraction = 0.25;  ///< of a feed's samples in scans; more: the feed is left out
  double min_noise_ratio = 0.5;         ///< variance over that of the radiometer equation; less: too quiet
  bool overwrite = false;
};

/// [level2.system_temperature]
struct SystemTemperatureConfig {
  double vane_hot_margin_deg = 4.0;
  double vane_cold_angle_deg = 180.0;
  double hk_time_offset_s = 0.6;
  double cold_temperature_K = 2.73;
  std::string event = "first";            ///< first | mean | interpolate
  double max_row_spacings = 1.5;          ///< no load from housekeeping rows further than this many median spacings
  double min_vane_temperature_C = -30.0;  ///< of the load; outside it is implausible
  double max_vane_temperature_C = 50.0;
  double max_vane_disagreement_K = 10.0;  ///< between sensors of the load, before the odd one is left out
  double plateau_sigma = 5.0;             ///< samples further from their plateau are not on it
  double min_plateau_s = 1.0;             ///< of hot and of cold samples, before an event is used
  double max_housekeeping_lag_s = 3.0;    ///< between power and vane angle, before an event is refused
  double max_feed_excess = 0.3;           ///< relative, of a feed's Tsys over the median feed's, before it is said
  double max_event_difference = 0.05;     ///< relative, of a feed's gain in an event to that in the others
  double min_system_temperature_K = 5.0;  ///< of a channel
  double max_system_temperature_K = 2000.0;
  double max_radiometer_ratio = 3.0;  ///< of noise on a plateau to the radiometer equation, either way
  bool overwrite = false;
};

/// [level2.find_scans]
struct FindScansConfig {
  std::int64_t min_scan_samples = 100;
  std::int64_t max_block_samples = 20000;
  std::int64_t trim_start = 0;
  std::int64_t trim_end = 0;
  double max_flicker_s = 0.5;  ///< shorter interruptions of the scan bit inside a scan do not split it
  bool overwrite = false;
};

/// [level2.noise_stats_level1]
struct NoiseStatsLevel1Config {
  NoiseEstimator estimator = NoiseEstimator::mad;
  bool overwrite = false;
};

/// [level2.atmosphere]
struct AtmosphereConfig {
  double min_elevation_range_deg = 0.2;
  bool overwrite = false;
};

enum class GainFilterMethod { maximum_posterior, least_squares, common_mode, line };
enum class GainTemplate { scan_median, tsys };
enum class ChannelWeights { radiometer, measured };

/// [level2.gain_filter]
struct GainFilterConfig {
  GainFilterMethod method = GainFilterMethod::maximum_posterior;
  GainTemplate gain_template = GainTemplate::scan_median;  ///< key `template`; least_squares, common_mode only
  std::string sky = "free";                                ///< free | power_law
  ChannelWeights channel_weights = ChannelWeights::radiometer;
  bool subtract_atmosphere = false;
  bool channel_quality = true;
  double edge_cut_fraction = 0.0625;  ///< of a band's channels, at either end
  double centre_cut_fraction = 0.05;  ///< of a band's channels, around the centre
  int n_freq_bin = 2;
  double prior_sigma = 0.0;  ///< relative gain at 0.1 Hz; 0 = from the data
  double prior_alpha = 0.0;  ///< 0 = from the data
  double prior_band_ratio = 0.5;
  std::vector<std::array<double, 2>> line_mask;  ///< [rest_GHz, width_GHz] for method = "line"
  bool overwrite = false;
};

/// [level2.post_bin_cleaning]
struct PostBinCleaningConfig {
  int medfilt_length = 3000;
  double outlier_sigma = 5.0;
  bool overwrite = false;
};

/// [level2.noise_stats_level2]
struct NoiseStatsLevel2Config {
  std::vector<std::string> datasets = {"binned_filtered_data", "binned_data"};
  std::string planck_map;  ///< HEALPix FITS file
  double planck_bright_cut_K = 0.07;
  bool detrend = true;
  NoiseEstimator estimator = NoiseEstimator::mad;
  int median_window = 50;
  double outlier_sigma = 3.0;
  double max_outlier_fraction = 0.02;
  int n_bins = 100;
  std::string fit = "likelihood";  ///< likelihood | log_bins
  double reference_frequency_Hz = 0.1;
  std::uint64_t seed = 1;
  bool overwrite = false;
};

/// [level2.calibrator_fit]
struct CalibratorFitConfig {
  double fit_radius_deg = 0.25;
  double beam_fwhm_deg = 0.075;
  bool fit_angle = false;
  std::string background = "sweep";  ///< sweep | scan
  double glitch_sigma = 6.0;         ///< of the noise of a sample; 0 = none are looked for
  std::int64_t raster_drift_before_obsid = 28852;
  bool overwrite = false;
};

/// [level2] and its sub-tables
struct Level2Config {
  std::string output_dir = "level2";
  std::string layout = "{year}-{month}/{source}/level2";
  bool overwrite = false;
  std::vector<std::string> pipeline;  ///< names of stages; parse_config() begins with those that run by default
  CheckLevel1Config check_level1;
  CreateLevel2Config create_level2;
  SystemTemperatureConfig system_temperature;
  FindScansConfig find_scans;
  NoiseStatsLevel1Config noise_stats_level1;
  AtmosphereConfig atmosphere;
  GainFilterConfig gain_filter;
  PostBinCleaningConfig post_bin_cleaning;
  NoiseStatsLevel2Config noise_stats_level2;
  CalibratorFitConfig calibrator_fit;
};

}  // namespace comap
