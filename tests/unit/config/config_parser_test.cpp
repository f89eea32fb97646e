#include "config/config_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/cross_checks.hpp"
#include "core/error.hpp"
#include "stages/stage_list.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

/// The message of the ConfigError that parsing must throw.
std::string error_of(const std::string& text, const std::vector<std::string>& sets = {}) {
  try {
    parse_config(text, "my.toml", sets, all_stages());
  } catch (const ConfigError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error for: " << text;
  return "";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no '" << part << "' in:\n" << text;
}

std::ptrdiff_t n_lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(ConfigParser, AnEmptyFileGivesTheDefaults) {
  const Config config = parse_config("", "my.toml", {}, all_stages());
  EXPECT_EQ(config.catalogue.url, "sqlite:comap.db");
  EXPECT_EQ(config.mapmake.offset_length, 25);
  EXPECT_EQ(config.mapmake.feeds.size(), 19U);
  EXPECT_EQ(config.level2.create_level2.copy.size(), 14U);
}

TEST(ConfigParser, ReadsEveryKindOfValue) {
  const Config config = parse_config(R"(
[catalogue]
url = "postgresql://reader@db.example/comap"
[select]
source = ["fg4", "Tau*"]
source_group = ["Galactic", "CO"]
obsids = [30001, 30002]
min_obsid = 7_000
[parallel]
ranks_per_observation = 3
[io]
mpi_hints = { romio_cb_read = "enable", cb_nodes = "2" }
retry_delay_s = 3
[level2.create_level2]
copy = [["spectrometer/MJD", 1], ["hk/array/weather/*", 0.01]]
[level2.gain_filter]
method = "least_squares"
template = "tsys"
channel_weights = "measured"
line_mask = [[31.22332, 0.01], [26.93916, 0.02]]
prior_alpha = -1.3
[level2.noise_stats_level2]
estimator = "std"
seed = 42
[mapmake]
bands = "all"
feeds = [3, 1]
threshold = 1e-8
sigma_red_cutoff_K = inf
edge_clip_percentiles = [1, 99]
wcs = { NAXIS = [241, 211], CRPIX = [121, 106.0], CDELT = [-0.0166, 0.0166], CRVAL = [29.95, 0.0], CTYPE = ["GLON-CAR", "GLAT-CAR"] }
split_groups = { early = [1, 2], late = [3] }
[mapmake.site]
height_m = 1222.0
)",
                                     "my.toml", {}, all_stages());
  EXPECT_EQ(config.catalogue.url, "postgresql://reader@db.example/comap");
  EXPECT_EQ(config.select.source, (std::vector<std::string>{"fg4", "Tau*"}));
  EXPECT_EQ(config.select.source_group, (std::vector<std::string>{"Galactic", "CO"}));
  EXPECT_EQ(config.select.obsids, (std::vector<std::int64_t>{30001, 30002}));
  EXPECT_EQ(config.select.min_obsid, 7000);
  EXPECT_EQ(config.parallel.ranks_per_observation, 3);
  EXPECT_EQ(config.io.mpi_hints.at("romio_cb_read"), "enable");
  EXPECT_EQ(config.io.mpi_hints.at("cb_nodes"), "2");
  EXPECT_EQ(config.io.retry_delay_s, 3.0);
  ASSERT_EQ(config.level2.create_level2.copy.size(), 2U);
  EXPECT_EQ(config.level2.create_level2.copy[1].path, "hk/array/weather/*");
  EXPECT_EQ(config.level2.create_level2.copy[1].scale, 0.01);
  EXPECT_EQ(config.level2.gain_filter.method, GainFilterMethod::least_squares);
  EXPECT_EQ(config.level2.gain_filter.gain_template, GainTemplate::tsys);
  EXPECT_EQ(config.level2.gain_filter.channel_weights, ChannelWeights::measured);
  ASSERT_EQ(config.level2.gain_filter.line_mask.size(), 2U);
  EXPECT_EQ(config.level2.gain_filter.line_mask[1][0], 26.93916);
  EXPECT_EQ(config.level2.gain_filter.prior_alpha, -1.3);
  EXPECT_EQ(config.level2.noise_stats_level2.estimator, NoiseEstimator::standard_deviation);
  EXPECT_EQ(config.level2.noise_stats_level2.seed, 42U);
  EXPECT_EQ(config.mapmake.bands, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(config.mapmake.feeds, (std::vector<int>{3, 1}));
  EXPECT_EQ(config.mapmake.threshold, 1e-8);
  EXPECT_GT(config.mapmake.sigma_red_cutoff_K, 1e300);
  EXPECT_EQ(config.mapmake.edge_clip_percentiles[1], 99.0);
  EXPECT_EQ(config.mapmake.wcs, "inline");
  EXPECT_EQ(config.mapmake.wcs_inline.naxis[0], 241);
  EXPECT_EQ(config.mapmake.wcs_inline.crpix[1], 106.0);
  EXPECT_EQ(config.mapmake.wcs_inline.cdelt_deg[0], -0.0166);
  EXPECT_EQ(config.mapmake.split_groups.at("late"), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(config.mapmake.site.height_m, 1222.0);
  EXPECT_EQ(config.mapmake.site.latitude_deg, 37.23388889);
}

TEST(ConfigParser, NamesLineAndClosestKeyOfAnUnknownOne) {
  const std::string error = error_of("[mapmake]\nname = \"a\"\noffset_lenght = 50\n");
  expect_contains(error, "my.toml:3: mapmake.offset_lenght: unknown key; did you mean mapmake.offset_length?");
  expect_contains(error, "1 error");
}

TEST(ConfigParser, FindsAKeyThatStandsInTheWrongSection) {
  expect_contains(error_of("[level2]\nthreshold = 1e-6\n"), "did you mean mapmake.threshold?");
}

TEST(ConfigParser, NamesTheClosestSection) {
  expect_contains(error_of("[mapmaker]\nname = \"a\"\n"), "my.toml:1: mapmaker: unknown key; did you mean mapmake?");
  expect_contains(error_of("[level2.gainfilter]\n"), "did you mean level2.gain_filter?");
}

TEST(ConfigParser, SaysWhichTypeWasExpectedAndFound) {
  expect_contains(error_of("[mapmake]\nthreshold = \"small\"\n"),
                  "my.toml:2: mapmake.threshold: expected a number above 0, at most 1; found the text \"small\"");
  expect_contains(error_of("[mapmake]\noffset_length = 100.0\n"), "expected a whole number from 1 to 1000000; found");
  expect_contains(error_of("[log]\njson = 1\n"), "log.json: expected true or false; found 1");
  expect_contains(error_of("[select]\nsource = \"fg4\"\n"), "expected a list of texts like [\"a\", \"b\"]; found");
  expect_contains(error_of("[select]\nobsids = [1, \"2\"]\n"), "in the list; found the text \"2\"");
  expect_contains(error_of("mapmake = 3\n"), "my.toml:1: mapmake: expected a table; found 3");
  expect_contains(error_of("[mapmake]\nname = 2022-01-01\n"), "found a date or time");
  expect_contains(error_of("[mapmake]\nnoise_prior = \"resid\"\n"), "expected true, false or \"residual\"");
  expect_contains(error_of("[mapmake]\nbands = \"some\"\n"), "or \"all\"; found the text \"some\"");
  expect_contains(error_of("[level2.create_level2]\ncopy = [[\"a\"]]\n"), "rows like [\"path\", 1.0]; found a list");
  expect_contains(error_of("[level2.gain_filter]\nline_mask = [[1.0]]\n"), "rows of 2 numbers");
}

TEST(ConfigParser, ChecksRangesAndChoices) {
  expect_contains(error_of("[io]\ncompression = 10\n"),
                  "io.compression: expected a whole number from 0 to 9; found 10");
  expect_contains(error_of("[io]\nretry_jitter = nan\n"), "expected a number from 0 to 1; found the number nan");
  expect_contains(error_of("[mapmake]\ncdelt_deg = 0.0\n"), "expected a number from 1e-05 to 0.5");
  expect_contains(error_of("[mapmake]\nfeeds = [20]\n"),
                  "mapmake.feeds: expected whole numbers from 1 to 19 in the list");
  expect_contains(error_of("[mapmake]\nframe = \"fk5\"\n"), "expected one of galactic, icrs; found the text \"fk5\"");
  expect_contains(error_of("[select]\nsource_group = [\"Galaxy\"]\n"), "found \"Galaxy\"");
  expect_contains(error_of("[parallel]\nranks_per_observation = 0\n"),
                  "expected \"auto\" or a whole number from 1 to 19");
  expect_contains(error_of("[mapmake]\nedge_clip_percentiles = [1.0]\n"), "expected a list of 2 numbers from 0 to 100");
}

TEST(ConfigParser, ReportsAllErrorsAtOnceInOrderOfTheFile) {
  const std::string error = error_of(
      "[mapmake]\noffset_lenght = 50\nthreshold = true\n\n[io]\ncompression = -1\n[selects]\n", {"log.jsn=true"});
  expect_contains(error, "5 errors");
  EXPECT_EQ(n_lines(error), 5);
  const auto position = [&](const std::string& part) { return error.find(part); };
  EXPECT_LT(position("my.toml:2:"), position("my.toml:3:"));
  EXPECT_LT(position("my.toml:3:"), position("my.toml:6:"));
  EXPECT_LT(position("my.toml:6:"), position("my.toml:7:"));
  EXPECT_LT(position("my.toml:7:"), position("--set: log.jsn: unknown key; did you mean log.json?"));
}

TEST(ConfigParser, NamesTheLineOfASyntaxError) {
  expect_contains(error_of("[mapmake]\nname = \n"), "my.toml:2: not valid TOML: ");
}

TEST(ConfigParser, SetWinsOverTheFileAndTheLastSetOverOthers) {
  const std::vector<std::string> sets = {"mapmake.offset_length=200", "mapmake.offset_length=300",
                                         "mapmake.site.height_m=10", "select.source=[\"a\", \"b\"]",
                                         "level2.gain_filter.edge_cut_fraction = 0.1"};
  const Config config =
      parse_config("[mapmake]\noffset_length = 150\nname = \"kept\"\n", "my.toml", sets, all_stages());
  EXPECT_EQ(config.mapmake.offset_length, 300);
  EXPECT_EQ(config.mapmake.name, "kept");
  EXPECT_EQ(config.mapmake.site.height_m, 10.0);
  EXPECT_EQ(config.mapmake.site.latitude_deg, 37.23388889);
  EXPECT_EQ(config.select.source.size(), 2U);
  EXPECT_EQ(config.level2.gain_filter.edge_cut_fraction, 0.1);
}

TEST(ConfigParser, SetTakesATextWithoutQuotes) {
  const Config config = parse_config("", "my.toml",
                                     {"mapmake.name=field-1", "catalogue.url=sqlite:/data/a#b=c.db",
                                      "mapmake.output_dir=\"a b\"", "level2.output_dir=C:\\x\"y"},
                                     all_stages());
  EXPECT_EQ(config.mapmake.name, "field-1");
  EXPECT_EQ(config.catalogue.url, "sqlite:/data/a#b=c.db");
  EXPECT_EQ(config.mapmake.output_dir, "a b");
  EXPECT_EQ(config.level2.output_dir, "C:\\x\"y");
}

TEST(ConfigParser, SetErrorsNameTheOption) {
  expect_contains(error_of("", {"mapmake.threshold=small"}), "--set: mapmake.threshold: expected a number");
  expect_contains(error_of("", {"mapmake"}), "--set: mapmake: expected section.key=value");
  expect_contains(error_of("", {"mapmake.=3"}), "--set: mapmake.: expected section.key=value");
  expect_contains(error_of("", {"mapmake=3"}), "--set: mapmake: expected a table; found 3");
  // A line break must not smuggle in a second key.
  expect_contains(error_of("", {"mapmake.edge_width=3\nplot=true"}), "expected a whole number");
}

TEST(ConfigParser, ChecksAcquire) {
  EXPECT_NO_THROW(parse_config("[acquire]\nmode = \"600\"\n", "my.toml", {}, all_stages()));
  for (const std::string mode : {"", "rw-", "0888", "0444", "07777", "-0664"}) {
    expect_contains(error_of("[acquire]\nmode = \"" + mode + "\"\n"), "my.toml:2: acquire.mode: expected octal digits");
  }
  expect_contains(error_of("[acquire]\nlist_command = \"a\"\nlist_file = \"b\"\n"), "not both");
  expect_contains(error_of("[acquire]\nremote = \"-e sh\"\n"), "expected a host, not an option");
}

TEST(ConfigParser, ASplitIsOneNameOrAList) {
  EXPECT_EQ(parse_config("[mapmake]\nsplit = \"halves\"\n", "my.toml", {}, all_stages()).mapmake.split,
            (std::vector<std::string>{"halves"}));
  EXPECT_EQ(parse_config("[mapmake]\nsplit = [\"none\", \"per_feed\"]\n", "my.toml", {}, all_stages()).mapmake.split,
            (std::vector<std::string>{"none", "per_feed"}));
  expect_contains(error_of("[mapmake]\nsplit = [\"none\", \"half\"]\n"),
                  "my.toml:2: mapmake.split: expected one of none, per_feed");
  expect_contains(error_of("[mapmake]\nsplit = []\n"), "or a list that is not empty");
  expect_contains(error_of("[mapmake]\nsplit = 3\n"), "found 3");
}

TEST(ConfigParser, KnowsStagesAndCommands) {
  const std::string misspelt = "[level2]\npipeline = [\"gain_filer\"]\n";
  expect_contains(error_of(misspelt), "my.toml:2: level2.pipeline: there is no stage \"gain_filer\"");
  expect_contains(error_of(misspelt), "did you mean \"gain_filter\"?");
  expect_contains(error_of("[run]\npipeline = [\"level-2\"]\n"), "did you mean \"level2\"?");
  EXPECT_NO_THROW(parse_config("[run]\npipeline = [\"catalogue scan\", \"simulate\"]\n", "my.toml", {}, all_stages()));
}

TEST(ConfigParser, ChecksKeysAgainstEachOther) {
  expect_contains(error_of("[select]\nmin_obsid = 10\nmax_obsid = 9\n"),
                  "my.toml:3: select.max_obsid: expected at least");
  expect_contains(error_of("[level2.gain_filter]\nedge_cut_fraction = 0.5\n"), "no channel is left");
  expect_contains(error_of("[mapmake]\nsplit = [\"halves\", \"halves\"]\n"), "a split stands in the list twice");
  expect_contains(error_of("[mapmake]\nsplit = \"custom\"\n"), "needs groups");
  expect_contains(error_of("[mapmake]\nsplit = \"custom\"\nsplit_groups = { a = [1, 2], b = [2] }\n"),
                  "obsid 2 is in \"a\" and in \"b\"");
  expect_contains(error_of("[mapmake]\nsplit = [\"custom\"]\nsplit_groups = { \"a/b\" = [1] }\n"), "letters, digits");
  expect_contains(error_of("[mapmake]\nfeeds = [1, 2, 1]\n"), "a feed stands in the list twice");
  expect_contains(error_of("[mapmake]\nfeeds = []\n"), "expected at least one feed");
  expect_contains(error_of("[mapmake]\nname = \"a/b\"\n"), "without directories");
  expect_contains(error_of("[linemap]\nname = \"..\"\n"), "without directories");
  expect_contains(error_of("[mapmake]\noutput_dir = \"\"\n"), "my.toml:2: mapmake.output_dir: expected a directory");
  expect_contains(error_of("[log]\ndirectory = \" \"\n"), "my.toml:2: log.directory: expected a directory");
  for (const std::string layout : {"/data/{source}", "{year}/../../{month}"}) {
    expect_contains(error_of("[level2]\nlayout = \"" + layout + "\"\n"), "level2.layout: expected directories below");
  }
  expect_contains(error_of("[catalogue]\nurl = \"mysql://u:secret@h/d\"\n"), "found \"mysql://u:****@h/d\"");
  expect_contains(error_of("[calibrate]\ngain_min = 3.0\n"), "calibrate.gain_max: expected more than gain_min");
  expect_contains(error_of("[calibrate]\npoly_degree = 3\nmin_observations = 3\n"), "needs at least 4");
  EXPECT_NO_THROW(parse_config("[select]\nmin_obsid = 10\n", "my.toml", {}, all_stages()));
}

TEST(ConfigParser, MissingFilesAreErrors) {
  for (const std::string key : {"select.obsid_file", "mapmake.planck_map", "mapmake.pointing_model", "mapmake.eop_file",
                                "level2.noise_stats_level2.planck_map"}) {
    expect_contains(error_of("", {key + "=/does/not/exist"}),
                    "--set: " + key + ": there is no file \"/does/not/exist\"");
  }
  expect_contains(error_of("[mapmake]\nwcs = \"golden\"\nwcs_file = \"/no.toml\"\n"),
                  "my.toml:3: mapmake.wcs_file: needed for wcs = \"golden\": there is no file \"/no.toml\"");
  EXPECT_NO_THROW(parse_config("[mapmake]\nwcs_file = \"/no.toml\"\n", "my.toml", {}, all_stages()));
}

TEST(ConfigParser, AnInlineGridMustBeComplete) {
  const std::string error =
      error_of("[mapmake]\nwcs = { NAXIS = [3, 3], CRPIX = [1, 1], CDELT = [1, 1], CRVL = [0, 0] }\n");
  expect_contains(error, "my.toml:2: mapmake.wcs.CRVL: unknown key; did you mean mapmake.wcs.CRVAL?");
  expect_contains(error, "my.toml:2: mapmake.wcs.CRVAL: is required");
  expect_contains(error, "my.toml:2: mapmake.wcs.CTYPE: is required");
}

TEST(ConfigParser, WarnsOfShortOffsetsWithoutPrior) {
  EXPECT_TRUE(config_warnings(Config{}).empty());
  const Config config =
      parse_config("[mapmake]\noffset_length = 50\nnoise_prior = false\n", "my.toml", {}, all_stages());
  ASSERT_EQ(config_warnings(config).size(), 1U);
  expect_contains(config_warnings(config)[0], "offset_length = 50");
}

TEST(ConfigParser, LoadsTheDocumentedExampleWhichHoldsTheDefaults) {
  const std::string text = read_text(COMAP_TEST_DATA "/comap.example.toml");
  const Config defaults = parse_config("", "defaults", {}, all_stages());
  EXPECT_EQ(show_config(parse_config(text, "comap.example.toml", {}, all_stages()), all_stages()),
            show_config(defaults, all_stages()));
}

}  // namespace
}  // namespace comap
