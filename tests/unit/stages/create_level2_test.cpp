// What is copied from Level-1 to Level-2.

#include "stages/create_level2.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace comap {
namespace {

const CopyItem* find(const std::vector<CopyItem>& plan, const std::string& path) {
  const auto found = std::ranges::find(plan, path, &CopyItem::path);
  return found == plan.end() ? nullptr : &*found;
}

TEST(CopyPlan, DefaultRulesOnTheGoldenFile) {
  const h5::File level1 = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5");
  const std::vector<CopyItem> plan = copy_plan(level1, CreateLevel2Config{});
  ASSERT_NE(find(plan, "spectrometer/pixel_pointing/pixel_xoffset"), nullptr);
  EXPECT_EQ(find(plan, "spectrometer/pixel_pointing/pixel_ra")->extent, (h5::Extent{3, 8700}));
  EXPECT_EQ(find(plan, "hk/antenna0/vane/angle")->scale, 0.01);
  EXPECT_EQ(find(plan, "hk/antenna0/vane/utc")->scale, 1.0);
  EXPECT_EQ(find(plan, "hk/array/weather/airTemperature")->scale, 0.01);
  EXPECT_EQ(find(plan, "hk/array/weather/utc")->scale, 1.0) << "times are never scaled";
  EXPECT_EQ(find(plan, "spectrometer/bands")->kind, h5::Kind::text);
  EXPECT_EQ(find(plan, "spectrometer/features")->kind, h5::Kind::integer);
  EXPECT_EQ(plan.size(), 5U + 6U + 5U + 2U + 6U);
}

TEST(CopyPlan, SkipsWhatIsMissingAndNeverTakesTheTod) {
  const h5::File level1 = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5");
  CreateLevel2Config config;
  config.copy = {
      {"hk/nowhere/*", 1.0}, {"hk/array/weather/rain", 1.0}, {"spectrometer/MJD", 1.0}, {"spectrometer/*", 1.0}};
  const std::vector<CopyItem> plan = copy_plan(level1, config);
  EXPECT_EQ(find(plan, "spectrometer/tod"), nullptr);
  EXPECT_EQ(plan.size(), 5U) << "MJD once, bands, features, feeds, frequency";
}

}  // namespace
}  // namespace comap
