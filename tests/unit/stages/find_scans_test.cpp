// Every way of finding scans, and of not finding any.

#include "stages/find_scans.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "io/level2_schema.hpp"
#include "stages/system_temperature.hpp"
#include "support/small_level1.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

using Scans = std::vector<std::array<std::int64_t, 2>>;

/// Scans of a file after the vane events were found; a file without vane is allowed here.
ObservationContext find_scans(const test::SmallLevel1& content, const FindScansConfig& config = {},
                              const std::string& source_group = "Galactic") {
  const test::TemporaryFile file("comap-0012345-2022-09-20-001122.hd5");
  content.write(file.path());
  ObservationContext observation = test::open_observation(file.path(), source_group);
  const SystemTemperatureConfig calibration;
  if (source_group != "SkyDip") SystemTemperature(calibration).prepare(observation);
  FindScans(config, calibration.hk_time_offset_s).prepare(observation);
  return observation;
}

std::string failure(const test::SmallLevel1& content, const FindScansConfig& config = {},
                    const std::string& source_group = "Galactic") {
  try {
    find_scans(content, config, source_group);
  } catch (const ObservationError& error) {
    return error.what();
  }
  return "no error";
}

test::SmallLevel1 with_vane() {
  test::SmallLevel1 content(3000);
  content.add_vane(100, 400);
  return content;
}

TEST(FindScans, RunsOfFeature9AfterTheVane) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(0, 90, 9);  // before the vane: not a scan
  content.set_feature(500, 1000, 9);
  content.set_feature(1100, 2000, 9);
  const ObservationContext observation = find_scans(content);
  EXPECT_EQ(observation.scans, (Scans{{500, 1000}, {1100, 2000}}));
  const auto edges = observation.products.get<std::int64_t>(level2::kScanEdges);
  EXPECT_EQ(std::vector<std::int64_t>(edges.begin(), edges.end()), (std::vector<std::int64_t>{500, 1000, 1100, 2000}));
}

TEST(FindScans, SecondVaneEventEndsTheSearch) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);
  content.add_vane(1500, 1800);
  content.set_feature(2000, 2500, 9);
  EXPECT_EQ(find_scans(content).scans, (Scans{{500, 1000}}));
}

TEST(FindScans, Feature8BeatsFeature9AndFeature9BeatsFeature10) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);
  content.set_feature(1200, 1700, 10);
  EXPECT_EQ(find_scans(content).scans, (Scans{{500, 1000}}));
  content.set_feature(2000, 2500, 8);
  EXPECT_EQ(find_scans(content).scans, (Scans{{2000, 2500}}));
  test::SmallLevel1 only_10 = with_vane();
  only_10.set_feature(1200, 1700, 10);
  EXPECT_EQ(find_scans(only_10).scans, (Scans{{1200, 1700}}));
}

TEST(FindScans, ScanToTheLastSample) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(2500, 3000, 9);
  EXPECT_EQ(find_scans(content).scans, (Scans{{2500, 3000}}));
}

TEST(FindScans, TrimsThenDropsShortScans) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 640, 9);
  content.set_feature(700, 1000, 9);
  EXPECT_EQ(find_scans(content, {.trim_start = 20, .trim_end = 10}).scans, (Scans{{520, 630}, {720, 990}}));
  EXPECT_EQ(find_scans(content, {.trim_start = 30, .trim_end = 11}).scans, (Scans{{730, 989}}));
  EXPECT_EQ(find_scans(content, {.min_scan_samples = 141}).scans, (Scans{{700, 1000}}));
}

TEST(FindScans, LissajousRunsOfStatus1) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);  // ignored
  content.lissajous_status.assign(3000, 0);
  for (std::size_t i = 600; i < 2000; ++i) content.lissajous_status[i] = 1;
  for (std::size_t i = 2000; i < 2400; ++i) content.lissajous_status[i] = 2;
  for (std::size_t i = 2400; i < 2700; ++i) content.lissajous_status[i] = 1;
  EXPECT_EQ(find_scans(content).scans, (Scans{{600, 2000}, {2400, 2700}}));
}

TEST(FindScans, LissajousStatusHoldsUntilTheNextRow) {
  test::SmallLevel1 content = with_vane();
  content.lissajous_status.assign(3000, 0);
  for (std::size_t i = 603; i < 2002; ++i) content.lissajous_status[i] = 1;  // rows at 605 and 2005 see the changes
  EXPECT_EQ(find_scans(content).scans, (Scans{{605, 2005}}));
}

TEST(FindScans, LissajousThatIsNever1Fails) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);
  content.lissajous_status.assign(3000, 2);
  EXPECT_NE(failure(content).find("lissajous_status"), std::string::npos) << failure(content);
}

TEST(FindScans, LissajousWithoutAnythingSetFallsBackToFeatures) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);
  content.lissajous_status.assign(3000, 0);
  EXPECT_EQ(find_scans(content).scans, (Scans{{500, 1000}}));
}

TEST(FindScans, SkyDipsUseTheFrame) {
  test::SmallLevel1 content(3000);
  content.set_feature(500, 1000, 8);
  content.set_feature(1500, 2000, 9);
  const Scans scans = find_scans(content, {}, "SkyDip").scans;
  ASSERT_EQ(scans.size(), 1U);
  EXPECT_NEAR(static_cast<double>(scans[0][0]), 500.0, 3.0);  // nearest housekeeping row, 5 samples apart
  EXPECT_NEAR(static_cast<double>(scans[0][1]), 1000.0, 3.0);
  test::SmallLevel1 empty(3000);
  empty.set_feature(1500, 2000, 9);
  EXPECT_NE(failure(empty, {}, "SkyDip").find("hk/array/frame/features"), std::string::npos);
}

TEST(FindScans, NothingFoundNamesFileAndDataset) {
  const std::string message = failure(with_vane());
  EXPECT_NE(message.find("comap-0012345"), std::string::npos) << message;
  EXPECT_NE(message.find("spectrometer/features"), std::string::npos) << message;
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 550, 9);
  EXPECT_NE(failure(content).find("1 runs found"), std::string::npos) << failure(content);
}

}  // namespace
}  // namespace comap
