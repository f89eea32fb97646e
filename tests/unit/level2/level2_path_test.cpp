// Where Level-2 files go: never elsewhere, whatever attributes say.

#include "level2/level2_path.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace comap {
namespace {

Observation field12() {
  Observation observation;
  observation.obsid = 30011;
  observation.source = "Field12";
  observation.source_group = "Galactic";
  observation.level1_path = "/data/comap-0030011-2022-09-20-003020.hd5";
  observation.utc_start = "2022-09-20-00:30:20";
  return observation;
}

std::string path_of(const Observation& observation, const std::string& layout = "{year}-{month}/{source}/level2") {
  Level2Config config;
  config.output_dir = "out";
  config.layout = layout;
  return level2_path(config, observation);
}

constexpr const char* kName = "/Level2_comap-0030011-2022-09-20-003020.hd5";

TEST(Level2Path, DateIsParsedHoweverItIsWritten) {
  for (const char* start : {"2022-09-20-00:30:20", "2022-09-20T00:30:20.5Z", " 2022/09/20 00:30:20 "}) {
    Observation observation = field12();
    observation.utc_start = start;
    EXPECT_EQ(path_of(observation), std::string("out/2022-09/Field12/level2") + kName) << start;
  }
}

TEST(Level2Path, WhatIsNoDateIsNeverPutIntoAPath) {
  for (const char* start : {"", "/etc/passwd", "../../../../../x", "2022-13-20-00:30:20", "\x1b[31m2022"}) {
    Observation observation = field12();
    observation.utc_start = start;
    EXPECT_EQ(path_of(observation, "{year}/{month}"), std::string("out/2022/09") + kName) << start;
    observation.level1_path = "/data/comap-0030011.hd5";
    EXPECT_THROW(path_of(observation), ObservationError) << start;
  }
}

TEST(Level2Path, NamesHaveASafeAlphabetAndLength) {
  const auto component = [](const std::string& source) {
    Observation observation = field12();
    observation.source = source;
    const std::string path = path_of(observation, "{source}");
    return path.substr(4, path.size() - 4 - std::string(kName).size());
  };
  EXPECT_EQ(component("fg4_v1.2+A-b"), "fg4_v1.2+A-b");
  EXPECT_EQ(component("a/b c\n\x1b[0m"), "a_b_c___0m");
  EXPECT_EQ(component("../.."), ".._..");
  EXPECT_EQ(component(".."), "unknown");
  EXPECT_EQ(component("."), "unknown");
  EXPECT_EQ(component(""), "unknown");
  EXPECT_EQ(component("\xc3\xa9"), "__");
  EXPECT_EQ(component(std::string(60000, 'x')), std::string(64, 'x'));
}

}  // namespace
}  // namespace comap
