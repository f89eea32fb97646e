// The list of stages, and what is wrong with a pipeline before any file is opened.

#include "stages/stage_registry.hpp"

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

TEST(StageRegistry, StagesHaveTheNamesTheyAreRegisteredUnder) {
  Level2Config config;
  config.pipeline = known_stages();
  const auto stages = make_stages(config);
  ASSERT_EQ(stages.size(), config.pipeline.size());
  for (std::size_t i = 0; i < stages.size(); ++i) EXPECT_EQ(stages[i]->name(), config.pipeline[i]);
}

TEST(StageRegistry, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  const std::string message = failure({"check_level1", "find_scan"});
  EXPECT_NE(message.find("'find_scan'"), std::string::npos) << message;
  EXPECT_NE(message.find("find_scans"), std::string::npos) << message;
  EXPECT_NE(message.find("system_temperature"), std::string::npos) << message;
}

TEST(StageRegistry, NameGivenTwiceIsAnError) {
  EXPECT_NE(failure({"check_level1", "check_level1"}).find("twice"), std::string::npos);
}

TEST(StageRegistry, FieldThatNoEarlierStageMakesIsNamedWithTheStage) {
  const std::string message = failure({"check_level1", "find_scans", "system_temperature"});
  EXPECT_NE(message.find("'find_scans' needs vane_calibration"), std::string::npos) << message;
  EXPECT_EQ(failure({"check_level1", "system_temperature", "find_scans"}), "no error");
  EXPECT_NE(failure({"check_level1", "create_level2", "system_temperature", "find_scans", "noise_stats_level2"})
                .find("binned_data"),
            std::string::npos);
}

}  // namespace
}  // namespace comap
