#pragma once
/// \file
/// [mapmake], with the grids and the place that it names.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace comap {

/// A celestial grid as FITS keywords describe it.
struct WcsDefinition {
  std::array<std::int64_t, 2> naxis = {0, 0};
  std::array<double, 2> crpix = {0.0, 0.0};  ///< 1-based, as in FITS
  std::array<double, 2> cdelt_deg = {0.0, 0.0};
  std::array<double, 2> crval_deg = {0.0, 0.0};
  std::array<std::string, 2> ctype = {"GLON-CAR", "GLAT-CAR"};

  static auto members(auto& x) { return std::tie(x.naxis, x.crpix, x.cdelt_deg, x.crval_deg, x.ctype); }
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
  std::vector<std::string> split = {"none"};  ///< names of map/null_test/splits.hpp
  std::map<std::string, std::vector<std::int64_t>> split_groups;
  int null_test_simulations = 0;             ///< noise realisations that say what splits of noise look like
  std::string null_test_noise = "residual";  ///< residual | model
  double sun_elevation_threshold_deg = 0.0;
  std::string eop_file;
  double memory_GB = 0.0;
  std::string scratch_dir;
};

}  // namespace comap
