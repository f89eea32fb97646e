#include "level2/rerun_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/config_parser.hpp"
#include "core/error.hpp"
#include "support/small_level1.hpp"

namespace comap {
namespace {

/// With the stages that run by default.
Level2Config default_config() { return parse_config("", "", {}, all_stages()).level2; }

StageRecord& record_of(std::vector<StageRecord>& records, std::string_view stage) {
  return *std::ranges::find(records, stage, &StageRecord::stage);
}

/// A Level-1 file of which only its identity matters, and a Level-2 file of which only its records do.
class RerunPlanTest : public testing::Test {
 protected:
  RerunPlanTest() { std::ofstream(level1_.path()) << "level 1"; }

  std::vector<StageRecord> records(const Level2Config& config) const {
    return expected_records(make_stages(config), input_identity(level1_.path(), ""), snapshot_);
  }
  void write_file(const std::vector<StageRecord>& records, std::int64_t complete = 1) const {
    h5::File file = h5::File::create(level2_.path());
    for (const StageRecord& record : records) write_stage_record(file, record);
    file.write_attribute("/", kCompleteAttribute, complete);
  }
  RerunPlan plan(const Level2Config& config) const {
    const StageList stages = make_stages(config);
    return plan_rerun({stages, level1_.path(), level2_.path(), snapshot_, ""});
  }
  static std::string reason(const RerunPlan& plan, std::string_view stage) {
    const auto record = std::ranges::find(plan.records, stage, &StageRecord::stage);
    return plan.reasons.at(static_cast<std::size_t>(record - plan.records.begin()));
  }

  test::TemporaryFile level1_{"level1.hd5"}, level2_{"level2.hd5"};
  nlohmann::json snapshot_ = nlohmann::json::object();
};

TEST_F(RerunPlanTest, AFileThatIsMissingIncompleteOrDamagedIsMadeAnew) {
  EXPECT_EQ(plan(default_config()).text(), "all stages (no Level-2 file)");
  write_file(records(default_config()), 0);
  EXPECT_EQ(plan(default_config()).text(), "all stages (the Level-2 file is not complete)");
  std::ofstream(level2_.path()) << "no HDF5";
  EXPECT_NE(plan(default_config()).no_earlier_file.find("the Level-2 file cannot be read"), std::string::npos);
}

TEST_F(RerunPlanTest, TheSameSettingsAndInputsRunNothing) {
  write_file(records(default_config()));
  const RerunPlan same = plan(default_config());
  EXPECT_TRUE(same.up_to_date()) << same.text();
  EXPECT_EQ(same.text(), "up to date");
}

TEST_F(RerunPlanTest, AChangedSettingRunsItsStageAndThoseThatBuildOnIt) {
  std::vector<StageRecord> earlier = records(default_config());
  record_of(earlier, "gain_filter").parameters["of_the_test"] = 1;
  write_file(earlier);
  const RerunPlan changed = plan(default_config());
  EXPECT_EQ(reason(changed, "system_temperature"), "");
  EXPECT_EQ(reason(changed, "find_scans"), "");
  EXPECT_EQ(reason(changed, "gain_filter"), "of_the_test is gone");
  EXPECT_EQ(reason(changed, "noise_stats_level2"), "after gain_filter");
}

TEST_F(RerunPlanTest, AnotherVersionAndAChangedLevel1FileAreSaid) {
  std::vector<StageRecord> earlier = records(default_config());
  record_of(earlier, "system_temperature").software_version = "0.0.1";
  write_file(earlier);
  EXPECT_EQ(reason(plan(default_config()), "system_temperature"), "made by version 0.0.1");
  write_file(records(default_config()));
  std::ofstream(level1_.path()) << "another level 1";
  EXPECT_EQ(reason(plan(default_config()), "find_scans"), "the Level-1 file has changed");
}

TEST_F(RerunPlanTest, TheLevel1FileMustBeThereOnlyWhereItIsNeeded) {
  std::vector<StageRecord> earlier = records(default_config());
  write_file(earlier);
  std::filesystem::remove(level1_.path());
  EXPECT_TRUE(plan(default_config()).up_to_date());
  record_of(earlier, "gain_filter").parameters["of_the_test"] = 1;
  write_file(earlier);
  EXPECT_THROW(plan(default_config()), IoError);
}

TEST_F(RerunPlanTest, AStageThatIsNoLongerInThePipelineIsDropped) {
  write_file(records(default_config()));
  Level2Config config = default_config();
  std::erase(config.pipeline, "noise_stats_level2");
  EXPECT_EQ(plan(config).dropped, std::vector<std::string>{"noise_stats_level2"});
}

TEST_F(RerunPlanTest, AStageThatIsGoneTakesAlongWhatItHadChanged) {
  std::vector<StageRecord> earlier = records(default_config());
  const std::string path = "averaged_tod/binned_filtered";
  record_of(earlier, "gain_filter").outputs.push_back({path, "feed"});
  StageRecord gone = record_of(earlier, "noise_stats_level2");
  gone.stage = "post_bin_cleaning";
  gone.outputs = {{path, "feed"}};
  earlier.push_back(gone);
  write_file(earlier);
  EXPECT_EQ(reason(plan(default_config()), "gain_filter"),
            "post_bin_cleaning has changed its results and is no longer in the pipeline");
}

}  // namespace
}  // namespace comap
