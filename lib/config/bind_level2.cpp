#include "config/bind_config.hpp"

namespace comap {
namespace {

constexpr double kMaxSamples = 1e9;
constexpr double kMaxSeed = 9e15;
const std::vector<std::pair<std::string, NoiseEstimator>> kNoiseEstimators = {
    {"mad", NoiseEstimator::mad}, {"std", NoiseEstimator::standard_deviation}};

void bind_check_level1(Binder& binder, CheckLevel1Config& config) {
  binder.number("min_mjd", config.min_mjd, {0}, "earlier: refused [d, UTC]");
  binder.number("max_mjd", config.max_mjd, {0}, "later: refused [d, UTC]");
  binder.number("min_frequency_GHz", config.min_frequency_GHz, {kAboveZero}, "lower: refused [GHz]");
  binder.number("max_frequency_GHz", config.max_frequency_GHz, {kAboveZero}, "higher: refused [GHz]");
  binder.number("max_time_gap_s", config.max_time_gap_s, {kAboveZero}, "longer steps are pauses of the recording [s]");
  binder.number("max_sample_time_error", config.max_sample_time_error, {kAboveZero},
                "relative, of the sample time to attribute tsamp; more: warned, or refused");
  binder.number("warn_position_error_arcsec", config.warn_position_error_arcsec, {kAboveZero},
                "az/el/MJD against the file's own pixel_ra/dec; more: warned [arcsec]");
  binder.number("max_position_error_arcsec", config.max_position_error_arcsec, {kAboveZero},
                "the same; more: refused [arcsec]");
  binder.number("max_pointing_speed_deg_s", config.max_pointing_speed_deg_s, {kAboveZero},
                "faster steps on the sky are jumps, and missing [deg/s]");
  binder.number("max_pointing_hold_s", config.max_pointing_hold_s, {kAboveZero},
                "longer at one place inside a moving scan: missing [s]");
  binder.number("max_counts_ratio", config.max_counts_ratio, {1}, "counts over the channel's median; more: missing");
  binder.number("max_leap", config.max_leap, {kAboveZero},
                "relative, of a band's power within a sample and back again in at most 1 s; more: missing");
  binder.integer_as("max_repeats", config.max_repeats, {0, 1e6},
                    "equal spectra in a row besides the first; more: missing");
  binder.number("max_repeated_fraction", config.max_repeated_fraction, {0, 1},
                "of a feed's samples in scans; more: the feed is left out");
  binder.number("min_noise_ratio", config.min_noise_ratio, {0, 1},
                "variance over that of the radiometer equation; less: the scan of the feed is missing");
}

void bind_create_level2(Binder& binder, CreateLevel2Config& config) {
  std::vector<std::pair<std::string, double>> rows;
  for (const CopyRule& rule : config.copy) rows.emplace_back(rule.path, rule.scale);
  binder.text_number_rows("copy", rows,
                          "Level-1 datasets copied: [path, factor]; /* = all in a group; scaled copies are float64, "
                          "*/utc is never scaled");
  config.copy.clear();
  for (const auto& [path, scale] : rows) config.copy.push_back({path, scale});
}

void bind_system_temperature(Binder& binder, SystemTemperatureConfig& config) {
  constexpr double kMaxOffset_s = 60;
  constexpr double kMaxTemperature_C = 100;
  binder.number("vane_hot_margin_deg", config.vane_hot_margin_deg, {kAboveZero, 90},
                "hot: vane angle below the smallest of the event plus this [deg]");
  binder.number("vane_cold_angle_deg", config.vane_cold_angle_deg, {0, 360}, "cold: vane angle above this [deg]");
  binder.number("hk_time_offset_s", config.hk_time_offset_s, {-kMaxOffset_s, kMaxOffset_s},
                "taken off the times of the housekeeping [s]");
  binder.number("cold_temperature_K", config.cold_temperature_K, {0, 300}, "T_cold of the vane equations [K]");
  binder.choice("event", config.event, {"first", "mean", "interpolate"}, "which vane event calibrates");
  binder.number("max_row_spacings", config.max_row_spacings, {kAboveZero},
                "no load from housekeeping rows further away than this [median spacings]");
  binder.number("min_vane_temperature_C", config.min_vane_temperature_C, {-kMaxTemperature_C, kMaxTemperature_C},
                "colder loads are implausible [deg C]");
  binder.number("max_vane_temperature_C", config.max_vane_temperature_C, {-kMaxTemperature_C, kMaxTemperature_C},
                "hotter loads are implausible [deg C]");
  binder.number("max_vane_disagreement_K", config.max_vane_disagreement_K, {kAboveZero},
                "between the sensors of the load, before the odd one is left out [K]");
  binder.number("plateau_sigma", config.plateau_sigma, {kAboveZero}, "samples further off are not on their plateau");
  binder.number("min_plateau_s", config.min_plateau_s, {0},
                "of hot and of cold samples; less: the event is not used [s]");
  binder.number("max_housekeeping_lag_s", config.max_housekeeping_lag_s, {kAboveZero},
                "between power and vane angle; more: the event is not used [s]");
  binder.number("max_feed_excess", config.max_feed_excess, {kAboveZero},
                "relative, of a feed's system temperature over the median feed's; more: said");
  binder.number("max_event_difference", config.max_event_difference, {kAboveZero},
                "relative, of a feed's gain in an event to the other event");
  binder.number("min_system_temperature_K", config.min_system_temperature_K, {0}, "of a channel; less: no value [K]");
  binder.number("max_system_temperature_K", config.max_system_temperature_K, {kAboveZero},
                "of a channel; more: no value [K]");
  binder.number("max_radiometer_ratio", config.max_radiometer_ratio, {1},
                "noise on a plateau over the radiometer equation, or under it; more: the event is not used");
}

void bind_find_scans(Binder& binder, FindScansConfig& config) {
  binder.integer("min_scan_samples", config.min_scan_samples, {1, kMaxSamples}, "shorter scans are dropped [samples]");
  binder.integer("max_block_samples", config.max_block_samples, {1, kMaxSamples},
                 "longer scans are worked on in pieces [samples]");
  binder.integer("trim_start", config.trim_start, {0, kMaxSamples}, "cut from the start of every scan [samples]");
  binder.integer("trim_end", config.trim_end, {0, kMaxSamples}, "cut from the end of every scan [samples]");
  binder.number("max_flicker_s", config.max_flicker_s, {0},
                "shorter interruptions of its feature do not split a scan [s]");
}

void bind_line_mask(Binder& binder, GainFilterConfig& config) {
  std::vector<std::vector<double>> rows;
  for (const auto& line : config.line_mask) rows.push_back({line[0], line[1]});
  binder.number_rows(
      "line_mask", rows, 2,
      "for method = \"line\": [[rest_GHz, width_GHz], ...], out of the fit: rest +- width, at least 3 channels");
  config.line_mask.clear();
  for (const auto& row : rows) config.line_mask.push_back({row[0], row[1]});
}

void bind_gain_filter(Binder& binder, GainFilterConfig& config) {
  binder.choice_as("method", config.method,
                   {{"maximum_posterior", GainFilterMethod::maximum_posterior},
                    {"least_squares", GainFilterMethod::least_squares},
                    {"common_mode", GainFilterMethod::common_mode},
                    {"line", GainFilterMethod::line}},
                   "how gain is told from sky");
  binder.choice_as("template", config.gain_template,
                   {{"scan_median", GainTemplate::scan_median}, {"tsys", GainTemplate::tsys}},
                   "for least_squares and common_mode");
  binder.choice("sky", config.sky, {"free", "power_law"}, "spectrum of the sky in the filter");
  binder.choice_as("channel_weights", config.channel_weights,
                   {{"radiometer", ChannelWeights::radiometer}, {"measured", ChannelWeights::measured}},
                   "weights of channels in averages");
  binder.flag("subtract_atmosphere", config.subtract_atmosphere, "as the Python pipeline does");
  binder.flag("channel_quality", config.channel_quality, "leave out channels with too much noise");
  binder.number("edge_cut_fraction", config.edge_cut_fraction, {0, 0.5}, "of a band's channels, at either end");
  binder.number("centre_cut_fraction", config.centre_cut_fraction, {0, 1}, "of a band's channels, around the centre");
  binder.integer_as("n_freq_bin", config.n_freq_bin, {1, 64}, "sub-bands of a band");
  binder.number("prior_sigma", config.prior_sigma, {0, 1}, "relative gain at 0.1 Hz; 0 = from the data");
  binder.number("prior_alpha", config.prior_alpha, {-4, 0}, "slope of the gain spectrum; 0 = from the data");
  binder.number("prior_band_ratio", config.prior_band_ratio, {0, 100}, "sigma_b / sigma_c: band's own over common");
  bind_line_mask(binder, config);
}

void bind_post_bin_cleaning(Binder& binder, PostBinCleaningConfig& config) {
  binder.integer_as("medfilt_length", config.medfilt_length, {3, 1e6}, "window of the moving median [samples]");
  binder.number("outlier_sigma", config.outlier_sigma, {kAboveZero}, "further samples stay out of the fit [auto_rms]");
}

void bind_noise_stats_level2(Binder& binder, NoiseStatsLevel2Config& config) {
  binder.choice_list("datasets", config.datasets, {"binned_filtered_data", "binned_data"}, "fitted datasets");
  binder.path("planck_map", config.planck_map, "HEALPix FITS file; empty = bright sky is not left out");
  binder.number("planck_bright_cut_K", config.planck_bright_cut_K, {0}, "samples in brighter sky are replaced [K]");
  binder.flag("detrend", config.detrend, "remove constant, airmass and slope first");
  binder.choice_as("estimator", config.estimator, kNoiseEstimators, "of auto_rms");
  binder.integer_as("median_window", config.median_window, {1, 1e6}, "of the outlier search [samples]");
  binder.number("outlier_sigma", config.outlier_sigma, {kAboveZero}, "[auto_rms]");
  binder.number("max_outlier_fraction", config.max_outlier_fraction, {0, 1}, "more outliers: no fit");
  binder.integer_as("n_bins", config.n_bins, {3, 1e6}, "logarithmic bins of the power spectrum");
  binder.choice("fit", config.fit, {"likelihood", "log_bins"},
                "by maximum likelihood, or to the logarithm of the bins");
  binder.number("reference_frequency_Hz", config.reference_frequency_Hz, {kAboveZero, 25},
                "frequency at which sigma_red is meant [Hz]");
  binder.integer_as("seed", config.seed, {0, kMaxSeed}, "of the noise put in for bright sky");
}

void bind_calibrator_fit(Binder& binder, CalibratorFitConfig& config) {
  binder.number("fit_radius_deg", config.fit_radius_deg, {kAboveZero, 10}, "samples used around the source [deg]");
  binder.number("beam_fwhm_deg", config.beam_fwhm_deg, {kAboveZero, 1}, "start value of the fit [deg]");
  binder.flag("fit_angle", config.fit_angle, "also the position angle of the beam");
  binder.choice("background", config.background, {"sweep", "scan"},
                "constant and slope of each sweep, or constant, slope and airmass of the scan");
  binder.number("glitch_sigma", config.glitch_sigma, {0},
                "samples further from the fit are left out; 0 = none [noise]");
  binder.integer("raster_drift_before_obsid", config.raster_drift_before_obsid, {0, kMaxSamples},
                 "older observations: 100 arcsec added to az where it rises");
}

}  // namespace

void bind_level2(Binder& binder, Level2Config& config) {
  binder.path("output_dir", config.output_dir, "where Level-2 files go");
  binder.text("layout", config.layout, "directories below output_dir");
  binder.flag("overwrite", config.overwrite, "redo every stage, also those that are up to date");
  binder.text_list("pipeline", config.pipeline, "stages in order");
  const auto section = [&](std::string_view name, auto& values, auto bind) {
    binder.section(
        name,
        [&](Binder& table) {
          bind(table, values);
          table.flag("overwrite", values.overwrite, "run it, and what builds on it, also when it is up to date");
        },
        "");
  };
  section("check_level1", config.check_level1, bind_check_level1);
  section("create_level2", config.create_level2, bind_create_level2);
  section("system_temperature", config.system_temperature, bind_system_temperature);
  section("find_scans", config.find_scans, bind_find_scans);
  section("noise_stats_level1", config.noise_stats_level1, [](Binder& table, NoiseStatsLevel1Config& values) {
    table.choice_as("estimator", values.estimator, kNoiseEstimators, "of auto_rms");
  });
  section("atmosphere", config.atmosphere, [](Binder& table, AtmosphereConfig& values) {
    table.number("min_elevation_range_deg", values.min_elevation_range_deg, {0, 90},
                 "smaller: tau = 0, offset = median [deg]");
  });
  section("gain_filter", config.gain_filter, bind_gain_filter);
  section("post_bin_cleaning", config.post_bin_cleaning, bind_post_bin_cleaning);
  section("noise_stats_level2", config.noise_stats_level2, bind_noise_stats_level2);
  section("calibrator_fit", config.calibrator_fit, bind_calibrator_fit);
}

}  // namespace comap
