#include "acquire/acquire_plan.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace comap {
namespace {

ListedFile listed(std::int64_t obsid, const std::string& target, const std::string& comment = "", int line = 1) {
  return {obsid, "/far/comap-" + std::to_string(obsid) + "-x.hd5", target, comment, line};
}

Observation known(std::int64_t obsid, const std::string& path) {
  Observation observation;
  observation.obsid = obsid;
  observation.level1_path = path;
  return observation;
}

class AcquirePlan : public testing::Test {
 protected:
  AcquirePlan() : directory_(testing::TempDir() + "acquire_plan"), there_(directory_ / "there.hd5") {
    std::filesystem::create_directories(directory_);
    std::ofstream(there_) << "x";
  }

  PlannedFile decide(const ListedFile& file, const std::vector<Observation>& rows, const AcquireChoice& choice = {}) {
    return plan_acquisition({file}, rows, choice).at(0);
  }

  const std::filesystem::path directory_;
  const std::string there_;
};

TEST_F(AcquirePlan, WantsWhatTheCatalogueLacks) {
  const std::string gone = directory_ / "gone.hd5";
  EXPECT_EQ(decide(listed(7, "TauA"), {}).reason, "not in the catalogue");
  EXPECT_EQ(decide(listed(7, "TauA"), {known(7, "")}).reason, "has no Level-1 file");
  EXPECT_EQ(decide(listed(7, "TauA"), {known(7, gone)}).reason, "its file is gone: " + gone);
  for (const std::string& path : {std::string(), gone})
    EXPECT_TRUE(decide(listed(7, "TauA"), {known(7, path)}).is_wanted);
  const PlannedFile registered = decide(listed(7, "TauA"), {known(7, there_)});
  EXPECT_FALSE(registered.is_wanted);
  EXPECT_EQ(registered.reason, "in the catalogue: " + there_);
}

TEST_F(AcquirePlan, DoesNotFetchADiskThatIsNotMounted) {
  const std::vector<Observation> rows = {known(7, directory_ / "unmounted/file.hd5")};
  EXPECT_FALSE(decide(listed(7, "TauA"), rows).is_wanted);
  EXPECT_NE(decide(listed(7, "TauA"), rows).reason.find("is its disk mounted?"), std::string::npos);
  AcquireChoice choice;
  choice.fetch_lost = true;
  EXPECT_TRUE(decide(listed(7, "TauA"), rows, choice).is_wanted);
}

TEST_F(AcquirePlan, LeavesOutCoAndWhatWasNotAskedFor) {
  EXPECT_EQ(decide(listed(7, "co2"), {}).reason, "CO");
  EXPECT_TRUE(decide(listed(7, "co2", "sky nod"), {}).is_wanted);  // a sky dip first of all
  AcquireChoice choice;
  choice.min_obsid = 8;
  EXPECT_EQ(decide(listed(7, "TauA"), {}, choice).reason, "below min_obsid 8");
  EXPECT_TRUE(decide(listed(8, "TauA"), {}, choice).is_wanted);
  choice.obsids = {9, 10};
  EXPECT_EQ(decide(listed(8, "TauA"), {}, choice).reason, "not asked for");
  EXPECT_TRUE(decide(listed(9, "TauA"), {}, choice).is_wanted);
}

TEST_F(AcquirePlan, TakesAnObsidOnce) {
  const auto plan =
      plan_acquisition({listed(7, "co2", "", 1), listed(7, "TauA", "", 2), listed(7, "TauA", "", 5)}, {}, {});
  ASSERT_EQ(plan.size(), 3U);
  EXPECT_FALSE(plan[0].is_wanted);
  EXPECT_TRUE(plan[1].is_wanted);
  EXPECT_FALSE(plan[2].is_wanted);
  EXPECT_EQ(plan[2].reason, "also on line 2, which is taken");
}

}  // namespace
}  // namespace comap
