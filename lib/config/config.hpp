#pragma once
/// \file
/// Every setting of the program as plain structs, one for each section of the TOML file. Defaults stand here and
/// nowhere else; names, ranges and units are checked by the parser (config/config_parser.hpp) in one place.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simulate/simulate_config.hpp"

namespace comap {

/// [catalogue]
struct CatalogueConfig {
  std::string url = "sqlite:comap.db";
  int connect_retries = 8;
  double connect_retry_delay_s = 2.0;
  double claim_minutes = 15.0;
};

/// [select]: which observations
struct SelectConfig {
  std::vector<std::string> source;        ///< names; * and ? as wildcards; empty = all
  std::vector<std::string> source_group;  ///< empty = all
  std::int64_t min_obsid = 0;
  std::int64_t max_obsid = 0;  ///< 0 = no limit
  std::vector<std::int64_t> obsids;
  std::string obsid_file;  ///< one obsid per line
};

/// [parallel]
struct ParallelConfig {
  int ranks_per_observation = 0;  ///< 0 = "auto"
};

/// [io]
struct IoConfig {
  int open_retries = 8;
  double retry_delay_s = 2.0;
  double retry_backoff = 2.0;
  double retry_jitter = 0.3;
  int compression = 0;  ///< gzip level of Level-2 datasets, 0 = none
  bool read_ahead = true;
  std::map<std::string, std::string> mpi_hints;
};

/// [log]
struct LogConfig {
  std::string directory = "logs";
  std::string level = "info";
  bool json = false;
  bool progress = true;
};

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

enum class NoiseEstimator { mad, standard_deviation };

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
  std::vector<std::string> pipeline = {
      "check_level1", "create_level2", "system_temperature", "find_scans",     "noise_stats_level1",
      "atmosphere",   "gain_filter",   "noise_stats_level2", "calibrator_fit", "finalize_metadata"};
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

/// A celestial grid as FITS keywords describe it.
struct WcsDefinition {
  std::array<std::int64_t, 2> naxis = {0, 0};
  std::array<double, 2> crpix = {0.0, 0.0};  ///< 1-based, as in FITS
  std::array<double, 2> cdelt_deg = {0.0, 0.0};
  std::array<double, 2> crval_deg = {0.0, 0.0};
  std::array<std::string, 2> ctype = {"GLON-CAR", "GLAT-CAR"};
};

struct SiteConfig {
  double longitude_deg = -118.28222222;
  double latitude_deg = 37.23388889;
  double height_m = 0.0;
};

/// [mapmake]
struct MapmakeConfig {
  std::string name = "map";
  std::string output_dir = "maps";
  std::string format = "fits";  ///< fits | hdf5 | both
  bool plot = false;
  std::string dataset = "binned_filtered_data";
  std::vector<int> feeds = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  std::vector<int> bands = {0};  ///< frequency_band 0-7; "all" in the file = all eight
  std::string wcs = "dynamic";   ///< dynamic | healpix | a name from wcs_file | "inline": then wcs_inline holds it
  WcsDefinition wcs_inline;
  int nside = 1024;
  std::string frame = "galactic";  ///< galactic | icrs
  std::string wcs_file = "configs/wcs_definitions.toml";
  double cdelt_deg = 0.0166666666667;
  double padding_deg = 0.5;
  int offset_length = 25;
  std::string noise_prior = "true";  ///< false | true | residual
  double lambda_ridge = 0.0;
  double alpha_grad = 0.0;
  double alpha_curv = 0.0;
  double threshold = 1e-6;
  double noise_threshold = 3e-4;  ///< of the residual, in units of the noise of a pixel; 0 = off
  int max_iterations = 1000;
  int n_destriper_iterations = 1;
  double prior_mixing_alpha = 0.0;
  double prior_smoothing_fwhm_deg = 0.5;
  std::string detrend = "none";  ///< none | polynomial
  bool fit_airmass = true;
  double min_airmass_range_deg = 0.1;  ///< elevation range below which no airmass amplitude is solved
  bool subpixel_pass = true;
  double glitch_sigma = 6.0;
  bool glitch_second_pass = false;
  double min_good_fraction = 0.5;
  double max_residual_ratio = 2.0;  ///< of the residual's power to its noise model at low frequency, before a warning
  double sigma_red_cutoff_K = 0.4;
  double auto_rms_cap_K = 0.1;
  std::string calibration = "none";  ///< none | catalogue
  std::string pointing_model;
  std::string planck_map;
  double bright_cut_K = 0.045;
  double bright_weight = 0.1;
  double hit_percentile = 5.0;
  int edge_width = 2;
  std::array<double, 2> edge_clip_percentiles = {0.5, 99.5};
  bool refraction = false;
  SiteConfig site;
  bool write_mean_azel = false;
  std::vector<std::string> split = {"none"};  ///< names of map/splits.hpp
  std::map<std::string, std::vector<std::int64_t>> split_groups;
  int null_test_simulations = 0;             ///< noise realisations that say what splits of noise look like
  std::string null_test_noise = "residual";  ///< residual | model
  double sun_elevation_threshold_deg = 0.0;
  std::string eop_file;
  double memory_GB = 0.0;
  std::string scratch_dir;
};

/// Frame of the frequency axis of a cube.
enum class SpectralFrame { lsrk, topocentric };

/// [linemap]; selection, feeds, grid, calibration and pointing are those of [mapmake]
struct LinemapConfig {
  std::string name = "line";
  std::string output_dir = "maps";
  double line_frequency_GHz = 31.22332;  ///< at rest
  int segment_width = 30;                ///< channels of the cube
  std::string gain_filter = "line";
  int baseline_order = 0;  ///< -1 = none
  std::vector<double> stack;
  std::array<double, 2> line_window_km_s = {-150.0, 150.0};  ///< where a line may be: not in fit and baseline
  SpectralFrame spectral_frame = SpectralFrame::lsrk;
};

/// [calibrate]
struct CalibrateConfig {
  std::string source = "TauA";
  std::string model_type = "polynomial";  ///< polynomial | nearest | mean
  int poly_degree = 2;
  double chi2_max = 10.0;
  double gain_min = 0.3;
  double gain_max = 3.0;
  int min_observations = 10;
};

/// [run]
struct RunConfig {
  std::vector<std::string> pipeline = {"catalogue scan", "level2", "calibrate", "mapmake"};
  std::vector<std::string> level1_dirs;
  std::vector<std::string> level2_dirs;
};

/// [acquire]
struct AcquireConfig {
  std::string list_command;  ///< words as split_command() takes them
  std::string list_file;
  std::string remote;  ///< what rsync's sources start with
  std::string remote_shell = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15";
  std::string directory;
  std::int64_t min_obsid = 0;
  int n_rsyncs = 2;
  int bandwidth_limit_KBps = 5000;  ///< of each rsync; 0 = none
  int retries = 3;
  double retry_delay_s = 10.0;
  int timeout_s = 120;  ///< without a byte
  std::string group;
  std::string mode = "0664";
};

/// The whole file.
struct Config {
  CatalogueConfig catalogue;
  SelectConfig select;
  ParallelConfig parallel;
  IoConfig io;
  LogConfig log;
  Level2Config level2;
  MapmakeConfig mapmake;
  LinemapConfig linemap;
  CalibrateConfig calibrate;
  AcquireConfig acquire;
  SimulateConfig simulate;
  RunConfig run;
};

}  // namespace comap
