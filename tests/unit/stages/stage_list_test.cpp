// The list of stages, and what is wrong with a pipeline before any file is opened.

#include "stages/stage_list.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace comap {
namespace {

std::string failure(const std::vector<std::string>& pipeline) {
  Level2Config config;
  config.pipeline = pipeline;
  try {
    check_order(make_stages(config));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

/// With every stage in its pipeline.
Level2Config whole_config() {
  Level2Config config;
  for (const StageEntry& entry : all_stages()) config.pipeline.emplace_back(entry.name);
  return config;
}

TEST(StageList, StagesHaveTheNamesTheyStandUnder) {
  const Level2Config config = whole_config();
  const StageList stages = make_stages(config);
  ASSERT_EQ(stages.size(), config.pipeline.size());
  for (std::size_t i = 0; i < stages.size(); ++i) EXPECT_EQ(stages[i]->name(), config.pipeline[i]);
}

StageSettings settings_of(const Level2Config& config, const std::string& name) {
  for (const auto& stage : make_stages(config)) {
    if (stage->name() == name) return stage->settings;
  }
  return {};
}

TEST(StageList, RecordsHoldWhatChangesResultsAndNothingElse) {
  Level2Config config = whole_config();
  EXPECT_EQ(settings_of(config, "find_scans").parameters, nlohmann::json({{"min_scan_samples", 100},
                                                                          {"trim_start", 0},
                                                                          {"trim_end", 0},
                                                                          {"max_flicker_s", 0.5},
                                                                          {"check_level1.max_time_gap_s", 1.0}}));
  EXPECT_EQ(settings_of(config, "finalize_metadata").parameters, nlohmann::json::object());
  config.gain_filter.method = GainFilterMethod::common_mode;
  EXPECT_EQ(settings_of(config, "gain_filter").parameters.at("method"), "common_mode");
  EXPECT_TRUE(settings_of(config, "calibrator_fit").parameters.contains("glitch_sigma"));
  EXPECT_FALSE(settings_of(config, "check_level1").parameters.contains("min_mjd"));
  config.atmosphere.min_elevation_range_deg = 0.5;
  EXPECT_EQ(settings_of(config, "post_bin_cleaning").parameters.at("atmosphere.min_elevation_range_deg"), 0.5);
  EXPECT_EQ(settings_of(config, "atmosphere_vane").parameters, nlohmann::json({{"min_elevation_range_deg", 0.5}}));
}

TEST(StageList, OverwriteIsThatOfTheTable) {
  Level2Config config = whole_config();
  config.atmosphere.overwrite = true;
  for (const auto& stage : make_stages(config)) {
    EXPECT_EQ(stage->settings.overwrite, stage->name().starts_with("atmosphere")) << stage->name();
  }
  config.overwrite = true;
  for (const auto& stage : make_stages(config)) EXPECT_TRUE(stage->settings.overwrite) << stage->name();
}

TEST(StageList, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  const std::string message = failure({"check_level1", "find_scan"});
  EXPECT_NE(message.find("'find_scan'"), std::string::npos) << message;
  EXPECT_NE(message.find("find_scans"), std::string::npos) << message;
  EXPECT_NE(message.find("system_temperature"), std::string::npos) << message;
}

TEST(StageList, NameGivenTwiceIsAnError) {
  EXPECT_NE(failure({"check_level1", "check_level1"}).find("twice"), std::string::npos);
}

TEST(StageList, DatasetThatNoEarlierStageMakesIsNamedWithTheStage) {
  const std::string message = failure({"check_level1", "find_scans", "system_temperature"});
  EXPECT_NE(message.find("'find_scans' needs level2/vane/gain, which system_temperature must make before it"),
            std::string::npos)
      << message;
  EXPECT_EQ(failure({"check_level1", "system_temperature", "find_scans"}), "no error");
  EXPECT_NE(failure({"check_level1", "create_level2", "system_temperature", "find_scans", "noise_stats_level2"})
                .find("binned_filtered_data"),
            std::string::npos);
}

}  // namespace
}  // namespace comap
