#include "map/plan/memory_plan.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"
#include "map/plan/fixed_grid.hpp"

namespace comap {
namespace {

MapmakeConfig all_bands(double memory_GB) {
  MapmakeConfig config;
  config.bands = {0, 1, 2, 3, 4, 5, 6, 7};
  config.memory_GB = memory_GB;
  return config;
}

TEST(MemoryPlan, WithoutABoundAllBandsAreOneGroup) {
  const MemoryPlan plan = plan_memory(all_bands(0.0), 1'000'000'000);
  EXPECT_EQ(plan.groups, (std::vector<std::vector<int>>{{0, 1, 2, 3, 4, 5, 6, 7}}));
  EXPECT_EQ(plan.resident_bytes, 0.0);
}

// 10 bytes of pointing and airmass, twice when they are kept; 8 of runs, and 8 for each band: 82 for all, 52 for three.
TEST(MemoryPlan, AsManyBandsAsFit) {
  EXPECT_EQ(bytes_per_sample(all_bands(0.0), 8, false), 82.0);
  EXPECT_EQ(bytes_per_sample(all_bands(0.0), 3, true), 52.0);
  EXPECT_EQ(plan_memory(all_bands(0.082), 1'000'000).groups.size(), 1U);
  EXPECT_EQ(plan_memory(all_bands(0.059), 1'000'000).groups,
            (std::vector<std::vector<int>>{{0, 1, 2}, {3, 4, 5}, {6, 7}}));
  const MemoryPlan one = plan_memory(all_bands(0.036), 1'000'000);
  EXPECT_EQ(one.groups.size(), 8U);
  EXPECT_EQ(one.resident_bytes, 0.0);
}

// Ten doubles for each offset of 25 samples stay in memory: 0.32 GB of 1e8 samples.
TEST(MemoryPlan, OneBandThatDoesNotFitGoesToTheScratch) {
  const MemoryPlan plan = plan_memory(all_bands(1.0), 100'000'000);
  EXPECT_EQ(plan.groups.size(), 8U);
  EXPECT_NEAR(plan.resident_bytes, 0.34e9, 1e3);
  EXPECT_THROW(plan_memory(all_bands(0.3), 100'000'000), ConfigError);
}

// What memory_GB bounds needs no asking.
TEST(MemoryPlan, MoreThanThereIsIsRefusedWithItsSize) {
  try {
    check_sample_memory(all_bands(0.0), 1'000'000'000'000'000);
    ADD_FAILURE() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("8.2e+07 GB"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("--memory"), std::string::npos) << error.what();
  }
  EXPECT_NO_THROW(check_sample_memory(all_bands(1.0), 1'000'000'000'000'000));
  EXPECT_NO_THROW(check_sample_memory(all_bands(0.0), 1'000));
}

TEST(FixedGrid, MoreMemoryThanThereIsIsRefusedWithItsSize) {
  WcsDefinition wcs;
  wcs.naxis = {40'000, 40'000};
  EXPECT_THROW(check_grid_memory(wcs, 1'000'000), ConfigError);
  wcs.naxis = {100, 100};
  EXPECT_NO_THROW(check_grid_memory(wcs));
  EXPECT_NO_THROW(check_grid_memory(HealpixDefinition{8192}));
}

}  // namespace
}  // namespace comap
