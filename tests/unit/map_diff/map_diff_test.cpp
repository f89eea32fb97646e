#include "map_diff/map_diff.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "config/config_parser.hpp"
#include "io/map/map_reader.hpp"
#include "map/products/map_record.hpp"
#include "map_diff/history_config.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

ContinuumMap astropy_map(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / "map_diff";
  fs::create_directories(folder);
  const std::string script = std::string(COMAP_SOURCE_DIR) + "/tests/support/make_astropy_maps.py";
  EXPECT_EQ(std::system((std::string(COMAP_PYTHON) + " " + script + " " + folder.string()).c_str()), 0);
  return read_map((folder / name).string());
}

TEST(MapDiff, SaysWhatDiffersAndByHowMuch) {
  const MapDiff diff = compare_maps(astropy_map("a.fits"), astropy_map("b.fits"));
  ASSERT_EQ(diff.settings.size(), 2U);
  EXPECT_EQ(diff.settings[0].name, "mapmake.name");
  EXPECT_FALSE(diff.settings[0].affects_pixels);
  EXPECT_EQ(diff.settings[1].name, "mapmake.offset_length");
  EXPECT_EQ(diff.settings[1].a, "25");
  EXPECT_EQ(diff.settings[1].b, "100");
  ASSERT_EQ(diff.software.size(), 1U);
  EXPECT_EQ(diff.software[0].b, "0.3.0");
  ASSERT_EQ(diff.header.size(), 1U);
  EXPECT_EQ(diff.header[0].name, "OFFLEN");
  ASSERT_EQ(diff.observations.size(), 2U);
  EXPECT_EQ(diff.observations[0].samples_b, 990);
  EXPECT_FALSE(diff.observations[1].samples_a.has_value());
  EXPECT_TRUE(diff.grid.empty());

  const ImageChange& destriped = diff.images[0];
  EXPECT_EQ(destriped.n_both, 22);  // 5 x 6 without a row of 6 and the pixel that each has lost
  EXPECT_EQ(destriped.n_only_a, 1);
  EXPECT_EQ(destriped.n_only_b, 1);
  EXPECT_NEAR(destriped.mean, 2.5e-4, 1e-8);
  EXPECT_NEAR(destriped.rms, 2.5e-4, 1e-8);
  EXPECT_NEAR(destriped.largest, 2.5e-4, 1e-8);
  EXPECT_NEAR(*destriped.rms_noise, 0.5, 1e-5);
  EXPECT_NEAR(destriped.correlation, 1.0, 1e-6);
  EXPECT_EQ(diff.images[1].n_different, 0);
  EXPECT_FALSE(diff.images[2].rms_noise.has_value());
  EXPECT_FALSE(diff.same_pixels());
  EXPECT_EQ(diff.verdict,
            "The maps differ (an rms of 0.5 of the noise, 2 pixels in one only). Different between them: 1 setting "
            "(mapmake.offset_length), the software, 2 observations.");
}

TEST(MapDiff, TheSameMapIsTheSame) {
  const ContinuumMap map = astropy_map("a.fits");
  const MapDiff diff = compare_maps(map, map);
  EXPECT_TRUE(diff.same_pixels());
  EXPECT_EQ(diff.verdict, "The maps are the same: identical pixels, made in the same way.");
  ContinuumMap renamed = map;
  renamed.mask[8] = 4;
  EXPECT_FALSE(compare_maps(map, renamed).same_pixels());
}

TEST(MapDiff, TheSameMapInAnotherFormatIsTheSame) {
  const MapDiff diff = compare_maps(astropy_map("a.fits"), astropy_map("a.hd5"));
  EXPECT_EQ(diff.verdict, "The maps are the same: identical pixels, made in the same way.");
  EXPECT_TRUE(diff.header.empty()) << diff.header.front().name;
  EXPECT_EQ(diff.images[0].n_both, 23);
  const MapDiff other = compare_maps(astropy_map("b.fits"), astropy_map("a.hd5"));
  EXPECT_EQ(other.settings.size(), 2U);
  EXPECT_NEAR(*other.images[0].rms_noise, 0.5, 1e-5);
}

ContinuumMap sphere(const std::vector<std::int64_t>& pixel, float level_K) {
  ContinuumMap map;
  map.healpix = HealpixDefinition{64, SkyFrame::galactic};
  map.pixel = pixel;
  for (const std::int64_t number : pixel) map.destriped_K().push_back(level_K + static_cast<float>(number));
  map.image("NAIVE") = map.destriped_K();
  map.image("HITS").assign(pixel.size(), 9.0F);
  map.image("RMS").assign(pixel.size(), 0.5F);
  map.mask.assign(pixel.size(), 0);
  return map;
}

TEST(MapDiff, HealpixMapsAreComparedPixelByPixel) {
  const ContinuumMap a = sphere({3, 5, 8, 20}, 0.0F), b = sphere({5, 8, 9}, 1.0F);
  const MapDiff diff = compare_maps(a, b);
  EXPECT_TRUE(diff.grid.empty());
  EXPECT_EQ(diff.images[0].n_both, 2);
  EXPECT_EQ(diff.images[0].n_only_a, 2);
  EXPECT_EQ(diff.images[0].n_only_b, 1);
  EXPECT_DOUBLE_EQ(diff.images[0].mean, 1.0);
  EXPECT_DOUBLE_EQ(*diff.images[0].rms_noise, 2.0);
  EXPECT_EQ(diff.images[4].n_different, 3) << "never hit in one of them";
  const ContinuumMap difference = difference_map(a, b);
  EXPECT_EQ(difference.pixel, (std::vector<std::int64_t>{3, 5, 8, 9, 20}));
  EXPECT_EQ(difference.mask, (std::vector<std::uint8_t>{1, 0, 0, 1, 1}));
  EXPECT_EQ(difference.destriped_K()[2], 1.0F);

  ContinuumMap finer = b;
  finer.healpix->nside = 128;
  EXPECT_EQ(compare_maps(a, finer).grid.at(0).name, "NSIDE");
  EXPECT_GT(compare_maps(a, astropy_map("a.fits")).grid.size(), 5U);
}

TEST(MapDiff, UnexplainedDifferencesAreCalledSo) {
  const ContinuumMap map = astropy_map("a.fits");
  ContinuumMap other = map;
  other.destriped_K()[20] += 1e-3F;
  const MapDiff diff = compare_maps(map, other);
  EXPECT_EQ(diff.images[0].n_different, 1);
  EXPECT_NEAR(*diff.images[0].largest_noise, 2.0, 1e-4);
  EXPECT_NE(diff.verdict.find("Level-2 files that have changed"), std::string::npos);
}

TEST(MapDiff, OtherGridsAreNotComparedPixelByPixel) {
  const MapDiff diff = compare_maps(astropy_map("a.fits"), astropy_map("grid.fits"));
  ASSERT_EQ(diff.grid.size(), 1U);
  EXPECT_EQ(diff.grid[0].name, "CRPIX1");
  EXPECT_TRUE(diff.images.empty());
  EXPECT_FALSE(diff.same_pixels());
}

TEST(HistoryConfig, BreaksOfLinesCommentsAndListsAreUndone) {
  const auto values = config_of_history(astropy_map("a.fits").history);
  EXPECT_EQ(values.at("mapmake.offset_length"), "25");
  EXPECT_EQ(values.at("mapmake.sources"), "\"a # in quotes\"");
  EXPECT_EQ(values.at("mapmake.feeds").back(), ']');
  EXPECT_NE(values.at("mapmake.feeds").find("18,19,"), std::string::npos);
  EXPECT_EQ(values.at("level2.gain_filter.method"), "\"maximum_posterior\"");
  EXPECT_EQ(values.size(), 6U);
}

/// A configuration from its values.
std::string toml_of(const ConfigValues& values) {
  std::map<std::string, std::string> sections;
  for (const auto& [key, value] : values) {
    const auto dot = key.rfind('.');
    sections[key.substr(0, dot)] += key.substr(dot + 1) + " = " + value + "\n";
  }
  std::string toml;
  for (const auto& [section, lines] : sections) toml += "[" + section + "]\n" + lines;
  return toml;
}

std::string parsed_again(const std::string& toml) {
  return show_config(parse_config(toml, "again.toml", {}, all_stages()), all_stages());
}

// Every key that `config show` prints survives the line breaks of HISTORY in old maps, and stands in CONFIG of new
// ones.
TEST(HistoryConfig, TheEffectiveConfigurationComesBackWhole) {
  Config config = parse_config("", "defaults", {}, all_stages());
  config.mapmake.name = "a name that is so long that its line does not fit into one line of HISTORY # not a comment";
  config.select.obsids = {};
  for (std::int64_t obsid = 30000; obsid < 30100; ++obsid) config.select.obsids.push_back(obsid);
  const std::string text = show_config(config, all_stages());
  std::vector<std::string> history = {"Effective configuration:"};
  for (std::string& line : wrapped(text)) history.push_back(std::move(line));
  EXPECT_EQ(parsed_again(toml_of(config_of_history(history))), text);
  EXPECT_EQ(parsed_again(toml_of(config_of_text(text))), text);
}

// Every key of the configuration: those that move no pixel by name. A new key counts as one that does.
TEST(AffectsPixels, EveryKeyIsClassified) {
  const std::set<std::string> harmless = {"mapmake.name",
                                          "mapmake.output_dir",
                                          "mapmake.format",
                                          "mapmake.plot",
                                          "mapmake.write_mean_azel",
                                          "mapmake.memory_GB",
                                          "mapmake.scratch_dir",
                                          "mapmake.max_residual_ratio",
                                          "mapmake.null_test_simulations",
                                          "level2.output_dir",
                                          "level2.layout",
                                          "level2.overwrite",
                                          "level2.check_level1.warn_position_error_arcsec"};
  const std::set<std::string> harmless_sections = {"catalogue", "log",      "run",     "io",
                                                   "parallel",  "simulate", "linemap", "acquire"};
  std::set<std::string> seen;
  for (const auto& [key, value] : config_of_text(parsed_again(""))) {
    const bool expected = !harmless.contains(key) && !harmless_sections.contains(key.substr(0, key.find('.'))) &&
                          !key.ends_with(".overwrite");
    EXPECT_EQ(affects_pixels(key), expected) << key;
    EXPECT_EQ(selects_observations(key), key.starts_with("select.")) << key;
    seen.insert(key);
  }
  EXPECT_GT(seen.size(), 150U);
  for (const std::string& key : harmless) EXPECT_TRUE(seen.contains(key)) << key << " is no key any more";
  for (const char* key : {"mapmake.bands", "select.source", "calibrate.source", "mapmake.eop_file"}) {
    EXPECT_TRUE(affects_pixels(key)) << key;
  }
}

ContinuumMap made_with(const Config& config, std::int64_t frequency_band) {
  ContinuumMap map = sphere({3, 5, 8, 20}, static_cast<float>(frequency_band));
  map.cards = {{"FREQBAND", frequency_band, ""}};
  map.config_text = show_config(config, all_stages());
  return map;
}

TEST(MapDiff, TwoBandsDifferInTheirBand) {
  Config config;
  const ContinuumMap a = made_with(config, 0);
  config.mapmake.bands = {1};
  config.select.source = {"fg4"};
  const MapDiff diff = compare_maps(a, made_with(config, 1));
  EXPECT_NE(diff.verdict.find("the frequency band (0 and 1), 1 setting (mapmake.bands)."), std::string::npos)
      << diff.verdict;
}

TEST(MapDiff, SelectionIsNamedWhereObservationsDiffer) {
  Config config;
  ContinuumMap a = made_with(config, 0);
  config.select.source = {"fg4"};
  ContinuumMap b = made_with(config, 0);
  EXPECT_EQ(compare_maps(a, b).verdict, "The maps are the same: identical pixels, made in the same way.");
  b.observations = {{30001, 5}};
  EXPECT_NE(compare_maps(a, b).verdict.find("1 setting (select.source), 1 observation"), std::string::npos)
      << compare_maps(a, b).verdict;
}

}  // namespace
}  // namespace comap
