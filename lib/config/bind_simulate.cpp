#include <fmt/core.h>

#include <regex>

#include "config/bind_config.hpp"

namespace comap {
namespace {

constexpr double kMostSamples = 1e9;
constexpr Limits kPositive{1e-9, 1e9};
constexpr Limits kNotNegative{0.0, 1e9};
constexpr Limits kFraction{0.0, 1.0};
constexpr Limits kSeed{0.0, 9e15};
constexpr Limits kSlope{-4.0, 0.0};

/// A flat list of numbers through the rows of the binder.
void number_list(Binder& binder, std::string_view key, std::vector<double>& values, std::string_view comment) {
  std::vector<std::vector<double>> rows = {values};
  binder.number_rows(key, rows, 0, comment);
  values = rows.empty() ? std::vector<double>{} : rows.front();
}

void bind_observations(Binder& binder, SimulateConfig& config) {
  Binder& others = binder.without_effect();  // made besides an observation, and where, do not change it
  others.path("output_dir", config.output_dir, "where the Level-1 files go");
  others.integer_as("n_observations", config.n_observations, {0, 1e6}, "observations of the field");
  binder.integer_as("seed", config.seed, kSeed, "same seed, same files");
  others.flag("overwrite", config.overwrite, "false: files made with the same settings are kept");
  binder.integer("first_obsid", config.first_obsid, {1, 9999999}, "the others follow, calibrators last");
  binder.text("source", config.source, "name of the field");
  binder.text("comment", config.comment, "attribute `comment` of the files");
  binder.text("start_date", config.start_date, "UTC date of the first observation, YYYY-MM-DD; one a day");
  static const std::regex date("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])");
  if (!std::regex_match(config.start_date, date)) {
    binder.reject("start_date", fmt::format("expected a date YYYY-MM-DD; found \"{}\"", config.start_date));
  }
  binder.number("field_l_deg", config.field_l_deg, {-360, 360}, "centre of the field, Galactic");
  binder.number("field_b_deg", config.field_b_deg, {-90, 90}, "");
  number_list(binder, "hour_angles_h", config.hour_angles_h,
              "of the field at mid observation, in turn; negative: rising");
  others.integer_as("n_calibrators", config.n_calibrators, {0, 1e6}, "observations of the calibrator");
  binder.choice("calibrator", config.calibrator, {"TauA", "CasA", "CygA"}, "");
  number_list(binder, "calibrator_hour_angles_h", config.calibrator_hour_angles_h, "in turn");
  others.integer_as("n_sky_dips", config.n_sky_dips, {0, 1e6},
                    "sky dips without a vane, one before each of the first observations, with an obsid of its own");
}

void bind_sizes(Binder& binder, SimulateConfig& config) {
  binder.integer_as("n_feeds", config.n_feeds, {1, 19}, "feeds 1..n; the ground feed 20 is always added");
  binder.integer_as("n_channels", config.n_channels, {8, 65536}, "of a band; 1024 in real files");
  binder.number("sample_rate_Hz", config.sample_rate_Hz, {1, 1000}, "");
  binder.integer_as("n_scans", config.n_scans, {1, 10000}, "of a field observation");
  binder.number("scan_duration_s", config.scan_duration_s, {5, 1e5}, "");
  binder.number("calibrator_duration_s", config.calibrator_duration_s, {5, 1e5}, "its only scan");
  binder.number("sky_dip_duration_s", config.sky_dip_duration_s, {5, 1e5}, "down and up again");
  binder.number("repointing_duration_s", config.repointing_duration_s, {0.1, 1e4}, "after each scan, without feature");
  binder.number("vane_duration_s", config.vane_duration_s, {8, 1e4}, "of each of the two vane events");
  binder.number("idle_duration_s", config.idle_duration_s, {1, 1e4}, "before and after a vane event");
}

void bind_motion(Binder& binder, SimulateConfig& config) {
  binder.choice_as("scan_type", config.scan_type,
                   {{"raster", ScanType::raster}, {"ces", ScanType::constant_elevation}, {"mixed", ScanType::mixed}},
                   "ces: constant elevation; mixed: every third ces");
  binder.number("azimuth_half_width_deg", config.azimuth_half_width_deg, {0.01, 30}, "of a sweep, on the sky");
  binder.number("elevation_half_width_deg", config.elevation_half_width_deg, {0, 20},
                "of a raster, or of the ces steps");
  binder.number("sweep_duration_s", config.sweep_duration_s, {0.2, 1e4}, "from one side to the other");
  binder.choice_as("calibrator_pattern", config.calibrator_pattern,
                   {{"raster", CalibratorPattern::raster}, {"lissajous", CalibratorPattern::lissajous}}, "");
  binder.number("calibrator_half_width_deg", config.calibrator_half_width_deg, {0.01, 20}, "both ways");
  binder.number("calibrator_sweep_duration_s", config.calibrator_sweep_duration_s, {0.2, 1e4}, "");
  binder.number("sky_dip_min_elevation_deg", config.sky_dip_min_elevation_deg, {0, 90}, "");
  binder.number("sky_dip_max_elevation_deg", config.sky_dip_max_elevation_deg, {0, 90}, "");
  binder.number("feed_spacing_arcmin", config.feed_spacing_arcmin, {0, 60}, "pitch of the hexagon of 19 feeds");
}

void bind_sky(Binder& binder, SimulateConfig& config) {
  binder.integer_as("sky_seed", config.sky_seed, kSeed, "draws the sources of the field");
  binder.number_rows("sources", config.sources, 5,
                     "[[l_deg, b_deg, T_K at 30 GHz, fwhm_arcmin, beta], ...]; given: none are drawn");
  binder.integer_as("n_sources", config.n_sources, {0, 1000}, "drawn");
  binder.number("source_min_T30_K", config.source_min_T30_K, kPositive, "faintest, at 30 GHz");
  binder.number("source_max_T30_K", config.source_max_T30_K, kPositive, "brightest");
  binder.number("source_radius_deg", config.source_radius_deg, {0.01, 30}, "around the field centre");
  binder.number("beam_fwhm_arcmin", config.beam_fwhm_arcmin, {0.1, 600}, "of point sources");
  binder.number("ridge_T30_K", config.ridge_T30_K, kNotNegative, "spine of the diffuse ridge at 30 GHz; 0 = none");
  binder.number("ridge_offset_deg", config.ridge_offset_deg, {-90, 90}, "of the spine from field_b_deg");
  binder.number("ridge_sigma_deg", config.ridge_sigma_deg, kPositive, "in latitude");
  binder.number("ridge_beta", config.ridge_beta, {-5, 5}, "T ~ nu^beta");
  binder.number("ridge_modulation", config.ridge_modulation, kFraction, "along longitude");
  binder.number("ridge_period_deg", config.ridge_period_deg, kPositive, "of the modulation");
  binder.number("line_peak_K", config.line_peak_K, kNotNegative, "recombination line of one source; 0 = none");
  binder.number("line_frequency_GHz", config.line_frequency_GHz, kPositive, "");
  binder.number("line_fwhm_GHz", config.line_fwhm_GHz, kPositive, "");
  binder.integer_as("line_source", config.line_source, {0, 1000}, "row of the source with the line");
  binder.number("random_rms_K", config.random_rms_K, kNotNegative, "Gaussian random sky at 30 GHz; 0 = none");
  binder.number("random_slope", config.random_slope, {-6, 2}, "power ~ multipole^slope x beam^2");
  binder.number("random_beta", config.random_beta, {-5, 5}, "T ~ nu^beta");
  binder.number("random_size_deg", config.random_size_deg, {0.1, 180}, "it repeats after this");
}

void bind_receivers(Binder& binder, SimulateConfig& config) {
  binder.integer_as("instrument_seed", config.instrument_seed, kSeed, "draws gains and receiver temperatures");
  binder.number("receiver_temperature_K", config.receiver_temperature_K, kPositive, "mean over feeds");
  binder.number("receiver_ripple_K", config.receiver_ripple_K, kNotNegative, "standing waves across a band");
  binder.integer_as("spiky_channels_per_band", config.spiky_channels_per_band, {0, 1000}, "of high temperature");
  binder.number("spiky_min_K", config.spiky_min_K, kNotNegative, "added to them");
  binder.number("spiky_max_K", config.spiky_max_K, kNotNegative, "");
  binder.number("gain_counts_per_K", config.gain_counts_per_K, kPositive, "");
  binder.number("gain_ripple", config.gain_ripple, {0, 0.9}, "relative, across a band");
  binder.flag("radiometer_noise", config.radiometer_noise, "");
  binder.number("gain_sigma", config.gain_sigma, kNotNegative,
                "dG/G at 0.1 Hz: |FFT|^2/N = gain_sigma^2 (f/0.1 Hz)^gain_alpha");
  binder.number("gain_alpha", config.gain_alpha, kSlope, "");
  binder.number("gain_band_correlation", config.gain_band_correlation, kFraction,
                "of the gain power, common to the bands of a feed");
  binder.number("gain_drift", config.gain_drift, {-0.9, 0.9}, "of all gains, relative, start to end");
}

void bind_atmosphere_and_vane(Binder& binder, SimulateConfig& config) {
  binder.number("atmosphere_temperature_K", config.atmosphere_temperature_K, kNotNegative, "");
  binder.number("zenith_opacity", config.zenith_opacity, {0, 2}, "at 30 GHz");
  binder.number("water_fraction", config.water_fraction, kFraction, "of it; the rest is oxygen");
  binder.number("opacity_drift", config.opacity_drift, {-1, 1}, "relative, start to end");
  binder.number("opacity_sigma", config.opacity_sigma, kNotNegative, "relative fluctuation, power law as gain_sigma");
  binder.number("opacity_alpha", config.opacity_alpha, kSlope, "-8/3: frozen Kolmogorov turbulence");
  binder.number("vane_temperature_K", config.vane_temperature_K, kPositive, "");
  binder.number("housekeeping_delay_s", config.housekeeping_delay_s, {-10, 10}, "housekeeping stamps are late by this");
}

void bind_faults_and_files(Binder& binder, SimulateConfig& config) {
  binder.integer_as("glitches_per_feed", config.glitches_per_feed, {0, 1e6}, "single samples");
  binder.number("glitch_amplitude_K", config.glitch_amplitude_K, kNotNegative, "times 0.5 to 2");
  binder.integer_as("n_nan_samples", config.n_nan_samples, {0, 1e6}, "of one feed and band, all channels");
  binder.integer_as("n_nan_channels", config.n_nan_channels, {0, 1e6}, "lost for the whole observation");
  binder.choice_as("storage", config.storage,
                   {{"contiguous", TodStorage::contiguous}, {"chunked", TodStorage::chunked}},
                   "chunked: [1][4][n_channels][chunk_samples], gzip");
  binder.integer("chunk_samples", config.chunk_samples, {32, kMostSamples}, "");
  binder.integer_as("gzip_level", config.gzip_level, {0, 9}, "of chunked files");
}

}  // namespace

void bind_simulate(Binder& binder, SimulateConfig& config) {
  bind_observations(binder, config);
  bind_sizes(binder, config);
  bind_motion(binder, config);
  bind_sky(binder, config);
  bind_receivers(binder, config);
  bind_atmosphere_and_vane(binder, config);
  bind_faults_and_files(binder, config);
}

}  // namespace comap
