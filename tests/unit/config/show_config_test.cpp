#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "config/config_parser.hpp"
#include "stages/stage_list.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

Config parse(const std::string& text) { return parse_config(text, "shown", {}, all_stages()); }

/// The text after "key = " of every line, by "section.key", without the sections of later commands.
std::map<std::string, std::string> values_of(const std::string& text) {
  static const std::regex header(R"(^\[([\w.]+)\])");
  static const std::regex key(R"(^(\w+) = (.*))");
  static const std::set<std::string> later = {"calibrate"};
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, header)) section = match[1];
    if (std::regex_search(line, match, key) && !later.contains(section)) {
      values[section + "." + match[1].str()] = match[2];
    }
  }
  return values;
}

TEST(ShowConfig, HasEveryDocumentedKey) {
  const auto documented = values_of(read_text(COMAP_TEST_DATA "/comap.example.toml"));
  const auto shown = values_of(show_config(parse(""), all_stages()));
  ASSERT_GT(documented.size(), 100U);
  for (const auto& [key, value] : documented) EXPECT_TRUE(shown.contains(key)) << key;
  // The example says of a stage's own `overwrite` in a comment only.
  static const std::regex overwrite_of_stage(R"(level2\.\w+\.overwrite)");
  static const std::regex limit(R"(level2\.check_level1\.\w+|level2\.system_temperature\.(min|max|plateau)_\w+)");
  static const std::set<std::string> ours = {"level2.find_scans.max_flicker_s",
                                             "mapmake.max_residual_ratio",
                                             "acquire.remote_shell",
                                             "acquire.retry_delay_s",
                                             "acquire.timeout_s",
                                             "catalogue.claim_minutes",
                                             "linemap.line_window_km_s",
                                             "linemap.spectral_frame",
                                             "mapmake.noise_threshold",
                                             "mapmake.null_test_simulations",
                                             "mapmake.scratch_dir",
                                             "mapmake.null_test_noise",
                                             "level2.noise_stats_level2.fit",
                                             "level2.calibrator_fit.background",
                                             "level2.calibrator_fit.glitch_sigma"};
  for (const auto& [key, value] : shown) {
    const bool is_known = key.starts_with("simulate.") || ours.contains(key) ||
                          std::regex_match(key, overwrite_of_stage) || std::regex_match(key, limit);
    EXPECT_TRUE(is_known || documented.contains(key)) << key;
  }
}

// Every value differs from its default, so a value that is lost on the way shows.
TEST(ShowConfig, ParsesAgainToTheSameValues) {
  const std::string text = R"(
[catalogue]
url = "sqlite:/data/other \"quoted\".db"
connect_retries = 3
connect_retry_delay_s = 0.5
[select]
source = ["fg4", "tab\there"]
source_group = ["CO"]
min_obsid = 5
max_obsid = 50
obsids = [7, 8]
[parallel]
ranks_per_observation = 2
[io]
open_retries = 1
retry_delay_s = 0.1
retry_backoff = 1.5
retry_jitter = 0.25
compression = 4
read_ahead = false
mpi_hints = { "odd key" = "a", b = "c" }
[log]
directory = "other"
level = "debug"
json = true
progress = false
[level2]
output_dir = "l2"
layout = "{source}"
overwrite = true
pipeline = ["check_level1"]
[level2.create_level2]
copy = [["a/b", 0.1], ["c", 1.0]]
[level2.system_temperature]
vane_hot_margin_deg = 5.5
vane_cold_angle_deg = 170.0
hk_time_offset_s = -0.1
cold_temperature_K = 2.7255
event = "mean"
[level2.find_scans]
min_scan_samples = 10
max_block_samples = 11
trim_start = 12
trim_end = 13
[level2.noise_stats_level1]
estimator = "std"
[level2.atmosphere]
min_elevation_range_deg = 0.3
[level2.gain_filter]
method = "common_mode"
template = "tsys"
channel_weights = "measured"
subtract_atmosphere = true
channel_quality = false
edge_cut_fraction = 0.1
centre_cut_fraction = 0.0
n_freq_bin = 1
prior_sigma = 1.34e-3
prior_alpha = -1.3
prior_band_ratio = 0.7
line_mask = [[31.22332, 0.01]]
[level2.post_bin_cleaning]
overwrite = true
medfilt_length = 300
outlier_sigma = 4.0
[level2.noise_stats_level2]
overwrite = true
datasets = ["binned_data"]
planck_bright_cut_K = 0.1
detrend = false
estimator = "std"
median_window = 51
outlier_sigma = 3.5
max_outlier_fraction = 0.03
n_bins = 90
fit = "log_bins"
reference_frequency_Hz = 0.2
seed = 9
[level2.calibrator_fit]
overwrite = true
fit_radius_deg = 0.3
beam_fwhm_deg = 0.08
fit_angle = true
background = "scan"
glitch_sigma = 4.5
raster_drift_before_obsid = 1
[linemap]
name = "l"
output_dir = "o"
line_frequency_GHz = 27.0
segment_width = 20
baseline_order = -1
stack = [28.0, 29.5]
line_window_km_s = [-10.0, 20.0]
spectral_frame = "topocentric"
[mapmake]
name = "m"
output_dir = "o"
plot = true
dataset = "binned_data"
feeds = [1]
bands = [3, 4]
wcs = { NAXIS = [5, 6], CRPIX = [1.5, 2.5], CDELT = [-0.1, 0.2], CRVAL = [3.0, 4.0], CTYPE = ["RA---TAN", "DEC--TAN"] }
nside = 64
frame = "icrs"
wcs_file = "w.toml"
cdelt_deg = 0.1
padding_deg = 0.6
offset_length = 101
lambda_ridge = 0.1
alpha_grad = 0.2
alpha_curv = 0.3
threshold = 1e-7
max_iterations = 10
prior_smoothing_fwhm_deg = 0.6
fit_airmass = false
min_airmass_range_deg = 0.2
glitch_sigma = inf
min_good_fraction = 0.6
sigma_red_cutoff_K = 0.5
auto_rms_cap_K = 0.2
bright_cut_K = 0.05
bright_weight = 0.2
hit_percentile = 6.0
edge_width = 3
edge_clip_percentiles = [0.6, 99.4]
refraction = true
site = { longitude_deg = 1.0, latitude_deg = 2.0, height_m = 3.0 }
write_mean_azel = true
split = ["none", "seasons"]
split_groups = { a = [1, 2], b = [] }
null_test_simulations = 12
null_test_noise = "model"
sun_elevation_threshold_deg = -1.0
[acquire]
list_command = "ssh host 'a list'"
remote = "host:"
remote_shell = "ssh"
directory = "/data"
min_obsid = 7
n_rsyncs = 3
bandwidth_limit_KBps = 0
retries = 4
retry_delay_s = 0.5
timeout_s = 30
group = "comap"
mode = "0640"
[run]
pipeline = ["level2"]
level1_dirs = ["a"]
level2_dirs = ["b", "c"]
)";
  const Config given = parse(text);
  const std::string shown = show_config(given, all_stages());
  const std::string again = show_config(parse(shown), all_stages());
  EXPECT_EQ(again, shown);
  const auto defaults = values_of(show_config(parse(""), all_stages()));
  const auto values = values_of(shown);
  for (const auto& [key, value] : values_of(text)) EXPECT_NE(values.at(key), defaults.at(key)) << key;
}

TEST(ShowConfig, MasksCredentials) {
  const auto shown = [](const std::string& url) {
    Config config;
    config.catalogue.url = url;
    return show_config(config, all_stages());
  };
  for (const std::string url : {"postgresql://me:hunter2@host:5432/db", "postgresql://me:hun@ter2@host/db",
                                "postgresql://host/db?user=me&password=hunter2&sslmode=require"}) {
    const std::string text = shown(url);
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << url;
    EXPECT_EQ(text.find("ter2"), std::string::npos) << url;
    EXPECT_NE(text.find("****"), std::string::npos) << url;
    EXPECT_NE(text.find("host"), std::string::npos) << url;
  }
  EXPECT_NE(shown("postgresql://me@host:5432/db").find("\"postgresql://me@host:5432/db\""), std::string::npos);
}

TEST(ShowConfig, DistributedConfigurationHoldsTheDefaults) {
  const std::string text = read_text(COMAP_SOURCE_DIR "/configs/comap.toml");
  EXPECT_EQ(text, show_config(parse(""), all_stages())) << "write it again with: comap_mpi config show";
}

}  // namespace
}  // namespace comap
