#include "map/null_test/splits.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

/// Every tenth obsid, a day apart.
std::vector<SplitObservation> observations(int n) {
  std::vector<SplitObservation> made;
  for (int i = 0; i < n; ++i) made.push_back({30000 + 10 * i, true, 59842.0 + i, 10.0, 1000});
  return made;
}

Split one_split(const std::string& name, const std::vector<SplitObservation>& offered, MapmakeConfig config = {}) {
  config.split = {name};
  return make_splits(config, offered).front();
}

std::string label_of(const Split& split, std::size_t observation, int feed = 1, std::size_t scan = 0) {
  const int label = split.label(observation, feed, scan);
  return label == kNoLabel ? "-" : split.labels.at(static_cast<std::size_t>(label));
}

std::vector<std::string> labels_of_observations(const Split& split, std::size_t n) {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < n; ++i) labels.push_back(label_of(split, i));
  return labels;
}

using Labels = std::vector<std::string>;

TEST(Splits, NoneIsTheMapOfAllData) {
  const Split split = one_split("none", observations(2));
  EXPECT_TRUE(split.is_whole());
  EXPECT_EQ(labels_of_observations(split, 2), (Labels{"", ""}));
}

TEST(Splits, PerFeedHasALabelForEachFeedOfTheConfiguration) {
  MapmakeConfig config;
  config.feeds = {11, 2, 3};
  const Split split = one_split("per_feed", observations(1), config);
  EXPECT_EQ(split.labels, (Labels{"feed02", "feed03", "feed11"}));
  EXPECT_EQ(label_of(split, 0, 11), "feed11");
  EXPECT_EQ(label_of(split, 0, 2), "feed02");
  EXPECT_EQ(label_of(split, 0, 5), "-");
}

TEST(Splits, ScansAreCountedFromZero) {
  const Split split = one_split("odd_even_scans", observations(1));
  EXPECT_EQ(label_of(split, 0, 1, 0), "even_scans");
  EXPECT_EQ(label_of(split, 0, 19, 7), "odd_scans");
}

TEST(Splits, DayIsWhenTheSunIsAboveTheThreshold) {
  auto offered = observations(4);
  offered[1].sun_elevation_deg = -0.1;
  offered[2].sun_elevation_deg = std::nan("");
  offered[3].used = false;
  EXPECT_EQ(labels_of_observations(one_split("day_night", offered), 4), (Labels{"day", "night", "-", "-"}));
  MapmakeConfig config;
  config.sun_elevation_threshold_deg = 10.0;
  EXPECT_EQ(label_of(one_split("day_night", offered, config), 0), "night");
}

// Elevations of astropy 5.2: get_sun, AltAz of the site without refraction.
TEST(Splits, TheSunIsWhereAstropySeesIt) {
  const Observer observer;
  EXPECT_NEAR(sun_elevation_deg(observer, parse_utc_start("2022-09-20-00:05:41")), 20.6196, 0.01);
  EXPECT_NEAR(sun_elevation_deg(observer, parse_utc_start("2022-09-20-05:12:54")), -37.7279, 0.01);
  EXPECT_NEAR(sun_elevation_deg(observer, parse_utc_start("2022-09-20-13:30:00")), -2.7076, 0.01);
}

TEST(Splits, AlternateObservationsGoByObsid) {
  auto offered = observations(5);
  std::swap(offered[0], offered[4]);
  offered[2].used = false;
  const Split split = one_split("alternate_observations", offered);
  // In order of obsid: offered 4, 1, 3, 0.
  EXPECT_EQ(label_of(split, 4), "even_observations");
  EXPECT_EQ(label_of(split, 1), "odd_observations");
  EXPECT_EQ(label_of(split, 3), "even_observations");
  EXPECT_EQ(label_of(split, 0), "odd_observations");
  EXPECT_EQ(label_of(split, 2), "-");
}

TEST(Splits, HalvesHaveAboutTheSameNumberOfSamples) {
  auto offered = observations(5);
  offered[4].n_samples = 4000;
  EXPECT_EQ(labels_of_observations(one_split("halves", offered), 5),
            (Labels{"first_half", "first_half", "first_half", "first_half", "second_half"}));
  EXPECT_EQ(labels_of_observations(one_split("halves", observations(4)), 4),
            (Labels{"first_half", "first_half", "second_half", "second_half"}));
}

TEST(Splits, SeasonsGoByMonth) {
  auto offered = observations(6);
  int i = 0;
  for (const char* time : {"2021-12-01-00:00:00", "2022-02-28-23:59:59", "2022-03-01-00:00:00", "2022-08-31-12:00:00",
                           "2022-11-30-12:00:00"}) {
    offered[static_cast<std::size_t>(i++)].start_mjd = parse_utc_start(time);
  }
  offered[5].start_mjd = std::nan("");
  EXPECT_EQ(labels_of_observations(one_split("seasons", offered), 6),
            (Labels{"winter", "winter", "spring", "summer", "autumn", "-"}));
}

TEST(Splits, CustomGroupsHoldObsids) {
  MapmakeConfig config;
  config.split_groups = {{"late", {30020}}, {"early", {30000, 30010, 77}}};
  const Split split = one_split("custom", observations(4), config);
  EXPECT_EQ(split.labels, (Labels{"early", "late"}));
  EXPECT_EQ(labels_of_observations(split, 4), (Labels{"early", "early", "late", "-"}));
}

TEST(Splits, LabelsAreFileNamesAndMayNotMeet) {
  MapmakeConfig config;
  config.split = {"none", "day_night", "custom"};
  config.split_groups = {{"day", {30000}}};
  EXPECT_THROW(make_splits(config, observations(2)), ConfigError);
  config.split_groups = {{"someday", {30000}}};
  EXPECT_EQ(make_splits(config, observations(2)).size(), 3U);
}

}  // namespace
}  // namespace comap
