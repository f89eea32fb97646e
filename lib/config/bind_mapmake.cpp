#include <numeric>

#include "config/bind_config.hpp"
#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kMaxCount = 1e9;
constexpr double kSmallestPixel_deg = 1e-5;
constexpr double kLargestPixel_deg = 0.5;  ///< seven beams

void bind_ctype(Binder& binder, WcsDefinition& config) {
  std::vector<std::string> ctype(config.ctype.begin(), config.ctype.end());
  binder.text_list("CTYPE", ctype, "");
  if (ctype.size() != config.ctype.size()) {
    binder.reject("CTYPE", "expected two texts like [\"GLON-CAR\", \"GLAT-CAR\"]");
    return;
  }
  std::copy(ctype.begin(), ctype.end(), config.ctype.begin());
}

void bind_naxis(Binder& binder, WcsDefinition& config) {
  constexpr double kMaxPixels = 1e6;
  std::vector<std::int64_t> naxis(config.naxis.begin(), config.naxis.end());
  binder.integer_list("NAXIS", naxis, {1, kMaxPixels}, "");
  if (naxis.size() != config.naxis.size()) {
    binder.reject("NAXIS", "expected two whole numbers");
    return;
  }
  std::copy(naxis.begin(), naxis.end(), config.naxis.begin());
}

void bind_split_groups(Binder& binder, std::map<std::string, std::vector<std::int64_t>>& groups) {
  for (const std::string& name : binder.present_keys()) groups.try_emplace(name);
  for (auto& [name, obsids] : groups) binder.integer_list(name, obsids, {0, kMaxCount}, "");
}

void bind_site(Binder& binder, SiteConfig& config) {
  binder.number("longitude_deg", config.longitude_deg, {-180, 360}, "");
  binder.number("latitude_deg", config.latitude_deg, {-90, 90}, "");
  binder.number("height_m", config.height_m, {-500, 10000}, "");
}

void bind_bands(Binder& binder, std::vector<int>& bands) {
  std::vector<std::int64_t> wide(bands.begin(), bands.end());
  std::vector<std::int64_t> all(kFrequencyBands);
  std::iota(all.begin(), all.end(), 0);
  binder.integer_list_or_word("bands", wide, "all", all, {0, kFrequencyBands - 1},
                              "frequency_band = band * n_freq_bin + sub-band");
  bands.assign(wide.begin(), wide.end());
}

void bind_output(Binder& binder, MapmakeConfig& config) {
  binder.text("name", config.name, "stem of the file names");
  binder.path("output_dir", config.output_dir, "where maps go");
  binder.choice("format", config.format, {"fits", "hdf5", "both"}, "of the maps");
  binder.flag("plot", config.plot, "also a PNG of every map");
}

void bind_data(Binder& binder, MapmakeConfig& config) {
  binder.choice("dataset", config.dataset, {"binned_filtered_data", "binned_data"}, "of the Level-2 files");
  binder.integer_list_as("feeds", config.feeds, {1, kScienceFeeds}, "feed numbers");
  bind_bands(binder, config.bands);
}

void bind_grid(Binder& binder, MapmakeConfig& config) {
  binder.text_or_table(
      "wcs", config.wcs, "inline", [&](Binder& table) { bind_wcs_definition(table, config.wcs_inline); },
      "\"dynamic\" | \"healpix\" | \"healpix_full_sky\" | a name from wcs_file | { NAXIS, CRPIX, CDELT, CRVAL, CTYPE "
      "}");
  binder.integer_as("nside", config.nside, {1, 8192}, "of HEALPix, a power of two");
  binder.choice("frame", config.frame, {"galactic", "icrs"}, "of a dynamic or HEALPix grid");
  binder.path("wcs_file", config.wcs_file, "definitions of grids by name");
  binder.number("cdelt_deg", config.cdelt_deg, {kSmallestPixel_deg, kLargestPixel_deg},
                "pixel size of a dynamic grid [deg]");
  binder.number("padding_deg", config.padding_deg, {0, 90}, "around the pointing, dynamic grid [deg]");
}

void bind_destriper(Binder& binder, MapmakeConfig& config) {
  binder.integer_as("offset_length", config.offset_length, {1, 1e6}, "samples of one offset");
  binder.flag_or_word("noise_prior", config.noise_prior, "residual", "covariance of the offsets");
  binder.number("lambda_ridge", config.lambda_ridge, {0}, "ridge on the offsets, of the median weight of one");
  binder.number("alpha_grad", config.alpha_grad, {0}, "on first differences, of the median weight");
  binder.number("alpha_curv", config.alpha_curv, {0}, "on second differences, of the median weight");
  binder.number("threshold", config.threshold, {kAboveZero, 1}, "relative residual at which the solver stops");
  binder.number("noise_threshold", config.noise_threshold, {0, 1},
                "or where it is below this share of the noise; 0 = off");
  binder.integer_as("max_iterations", config.max_iterations, {1, 1e6}, "of the solver");
  binder.integer_as("n_destriper_iterations", config.n_destriper_iterations, {1, 1000}, "solves in a row");
  binder.number("prior_mixing_alpha", config.prior_mixing_alpha, {0, 1}, "share of planck_map at large scales");
  binder.number("prior_smoothing_fwhm_deg", config.prior_smoothing_fwhm_deg, {kAboveZero, 180},
                "where large scales begin [deg]");
  binder.choice("detrend", config.detrend, {"none", "polynomial"}, "before the solve");
  binder.flag("fit_airmass", config.fit_airmass, "one airmass amplitude per feed and scan, with the offsets");
  binder.number("min_airmass_range_deg", config.min_airmass_range_deg, {0, 90},
                "elevation range below which none is solved [deg]");
  binder.flag("subpixel_pass", config.subpixel_pass, "second solve without the structure inside pixels");
}

void bind_cuts(Binder& binder, MapmakeConfig& config) {
  binder.number("glitch_sigma", config.glitch_sigma, {kAboveZero}, "of the glitch search");
  binder.flag("glitch_second_pass", config.glitch_second_pass, "on the data minus the first map");
  binder.number("min_good_fraction", config.min_good_fraction, {0, 1}, "fewer samples left: the scan is dropped");
  binder.number("max_residual_ratio", config.max_residual_ratio, {1},
                "power of the residual over its noise model at low frequencies; more: a warning");
  binder.number("sigma_red_cutoff_K", config.sigma_red_cutoff_K, {0}, "noisier scans are dropped [K]");
  binder.number("auto_rms_cap_K", config.auto_rms_cap_K, {0}, "noisier scans are dropped [K]");
}

void bind_calibration(Binder& binder, MapmakeConfig& config) {
  binder.choice("calibration", config.calibration, {"none", "catalogue"}, "of feeds, bands and time");
  binder.path("pointing_model", config.pointing_model, "text file, 7 numbers per feed [rad]");
  binder.path("planck_map", config.planck_map, "HEALPix FITS file: bright sky, prior map; empty = none");
  binder.number("bright_cut_K", config.bright_cut_K, {0}, "bright sky [K]");
  binder.number("bright_weight", config.bright_weight, {0, 1}, "factor of the solver's weights in bright sky");
}

void bind_products(Binder& binder, MapmakeConfig& config) {
  binder.number("hit_percentile", config.hit_percentile, {0, 100}, "pixels with fewer hits are masked");
  binder.integer_as("edge_width", config.edge_width, {0, 1000}, "border of the map [pixels]");
  binder.number_array("edge_clip_percentiles", config.edge_clip_percentiles, {0, 100},
                      "of the interior; border pixels outside are masked");
  binder.flag("refraction", config.refraction, "correct the elevation for refraction");
  binder.table(
      "site", [&](Binder& table) { bind_site(table, config.site); }, "east longitude, latitude [deg], height [m]");
  binder.flag("write_mean_azel", config.write_mean_azel,
              "mean azimuth, elevation and time of the samples, in the header");
}

void bind_splits(Binder& binder, MapmakeConfig& config) {
  binder.choice_or_list(
      "split", config.split,
      {"none", "per_feed", "day_night", "odd_even_scans", "alternate_observations", "halves", "seasons", "custom"},
      "maps of parts of the data; one or a list");
  binder.table(
      "split_groups", [&](Binder& table) { bind_split_groups(table, config.split_groups); },
      "for split = \"custom\": { name = [obsids], ... }");
  binder.number("sun_elevation_threshold_deg", config.sun_elevation_threshold_deg, {-90, 90},
                "day: the Sun is higher [deg]");
  binder.integer_as("null_test_simulations", config.null_test_simulations, {0, 10000},
                    "of the noise, for the null tests; 0 = white noise alone is expected");
  binder.choice("null_test_noise", config.null_test_noise, {"residual", "model"},
                "of the simulations: as measured in the data minus map, or as Level-2 has it");
}

}  // namespace

void bind_wcs_definition(Binder& binder, WcsDefinition& config) {
  constexpr double kMaxAngle_deg = 360;
  bind_naxis(binder, config);
  binder.number_array("CRPIX", config.crpix, {}, "");
  binder.number_array("CDELT", config.cdelt_deg, {-kMaxAngle_deg, kMaxAngle_deg}, "");
  binder.number_array("CRVAL", config.crval_deg, {-kMaxAngle_deg, kMaxAngle_deg}, "");
  bind_ctype(binder, config);
  for (const std::string_view key : {"NAXIS", "CRPIX", "CDELT", "CRVAL", "CTYPE"}) binder.require(key);
}

void bind_mapmake(Binder& binder, MapmakeConfig& config) {
  bind_output(binder, config);
  bind_data(binder, config);
  bind_grid(binder, config);
  bind_destriper(binder, config);
  bind_cuts(binder, config);
  bind_calibration(binder, config);
  bind_products(binder, config);
  bind_splits(binder, config);
  binder.path("eop_file", config.eop_file, "IERS finals2000A or C04 beyond the built-in table");
  binder.number("memory_GB", config.memory_GB, {0}, "bound for one rank, 0 = none [GB]");
  binder.path("scratch_dir", config.scratch_dir, "local disk for what exceeds memory_GB; empty = $TMPDIR, else /tmp");
}

}  // namespace comap
