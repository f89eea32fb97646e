// Every way of finding scans, and of not finding any.

#include "stages/find_scans.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <ranges>

#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "stages/vane/system_temperature.hpp"
#include "support/small_level1.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

using Scans = std::vector<std::array<std::int64_t, 2>>;

/// Makes of the metadata what SmallLevel1 cannot say.
using Change = std::function<void(Level1Metadata&)>;

/// Scans of a file after the vane events were found; a file without vane is allowed here.
ObservationContext find_scans(const test::SmallLevel1& content, const FindScansConfig& config = {},
                              const std::string& source_group = "Galactic", const Change& change = nullptr) {
  const test::TemporaryFile file("comap-0012345-2022-09-20-001122.hd5");
  content.write(file.path());
  ObservationContext observation = test::open_observation(file.path(), source_group);
  if (change) change(observation.level1);
  const SystemTemperatureConfig calibration;
  if (source_group != "SkyDip") SystemTemperature(calibration).prepare(observation);
  FindScans(config, calibration, CheckLevel1Config{}.max_time_gap_s).prepare(observation);
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
  const auto edges = observation.products.flat(level2::kScanEdges);
  EXPECT_EQ(std::vector<std::int64_t>(edges.begin(), edges.end()), (std::vector<std::int64_t>{500, 1000, 1100, 2000}));
}

TEST(FindScans, SecondVaneEventEndsTheSearch) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1000, 9);
  content.add_vane(1500, 1800);
  content.set_feature(2000, 2500, 9);
  EXPECT_EQ(find_scans(content).scans, (Scans{{500, 1000}}));
}

constexpr std::int64_t kFlag8 = 1 << 8, kFlag9 = 1 << 9, kFlag10 = 1 << 10, kVaneFlag = 1 << 13, kHighFlag = 1 << 16;

void set_bits(Level1Metadata& level1, SampleRange range, std::int64_t bits) {
  std::fill(level1.features.begin() + range[0], level1.features.begin() + range[1], bits);
}

/// Two scans of feature 9, with the flags changed as told.
ObservationContext with_flags(const Change& change) {
  test::SmallLevel1 content = with_vane();
  content.set_feature(500, 1500, 9);
  content.set_feature(1700, 2700, 9);
  return find_scans(content, {}, "Galactic", change);
}
const Scans kBoth = {{500, 1500}, {1700, 2700}};

bool has_trouble(const ObservationContext& observation, TroubleKind kind) {
  return std::ranges::find(observation.troubles, kind, &Trouble::kind) != observation.troubles.end();
}

TEST(FindScans, CleanFlagsAreNoTrouble) {
  const ObservationContext observation = with_flags(nullptr);
  EXPECT_EQ(observation.scans, kBoth);
  EXPECT_TRUE(observation.troubles.empty());
}

TEST(FindScans, AnyScanBitWillDoWhateverOthersAreSet) {
  for (const std::int64_t second : {kFlag8, kFlag10, kFlag9 | kFlag10, kFlag9 | kHighFlag, kFlag9 | 1}) {
    EXPECT_EQ(with_flags([&](Level1Metadata& level1) {
                set_bits(level1, {1700, 2700}, second);
              }).scans,
              kBoth)
        << second;
  }
  const ObservationContext alternating = with_flags([](Level1Metadata& level1) {
    for (std::size_t i = 500; i < 1500; i += 2) level1.features[i] = kFlag9 | kFlag10;
  });
  EXPECT_EQ(alternating.scans, kBoth);
}

TEST(FindScans, RareKindsAreNoScansAndDoNotDecide) {
  for (const std::int64_t scans : {kFlag9, kFlag9 | kFlag10}) {
    for (const std::int64_t odd : {kFlag8, kFlag10, kFlag8 | kFlag9}) {
      const ObservationContext observation = with_flags([&](Level1Metadata& level1) {
        for (const SampleRange& range : kBoth) set_bits(level1, range, scans);
        set_bits(level1, {1560, 1699}, odd);
      });
      EXPECT_EQ(observation.scans, kBoth) << scans << " " << odd;
      EXPECT_TRUE(has_trouble(observation, TroubleKind::scan_flags));
    }
  }
  const auto inside = [](Level1Metadata& level1) { set_bits(level1, {700, 830}, kFlag10); };
  EXPECT_EQ(with_flags(inside).scans, kBoth);
}

TEST(FindScans, FlickerDoesNotSplit) {
  const ObservationContext observation = with_flags([](Level1Metadata& level1) {
    set_bits(level1, {600, 601}, 0);
    set_bits(level1, {800, 825}, 4);
    set_bits(level1, {2000, 2010}, -7);
    set_bits(level1, {2100, 2103}, kVaneFlag | kFlag9);
  });
  EXPECT_EQ(observation.scans, kBoth);
  EXPECT_TRUE(has_trouble(observation, TroubleKind::scan_flags));
  const auto longer = [](Level1Metadata& level1) { set_bits(level1, {800, 826}, 0); };
  EXPECT_EQ(with_flags(longer).scans, (Scans{{500, 800}, {826, 1500}, {1700, 2700}}));
}

TEST(FindScans, VaneFlagsEndAScanUnlessTheVaneIsParked) {
  const auto flag = [](Level1Metadata& level1) { set_bits(level1, {1000, 1100}, kVaneFlag | kFlag9); };
  EXPECT_EQ(with_flags(flag).scans, kBoth);
  EXPECT_TRUE(has_trouble(with_flags(flag), TroubleKind::scan_flags));
  const auto without_angle = [&](Level1Metadata& level1) {
    flag(level1);
    for (double& angle : level1.vane.angle_deg | std::views::drop(190) | std::views::take(40)) angle = std::nan("");
  };
  EXPECT_EQ(with_flags(without_angle).scans, (Scans{{500, 1000}, {1100, 1500}, {1700, 2700}}));
}

TEST(FindScans, VaneSamplesWithOtherBitsAreNotBetweenScans) {
  const ObservationContext observation = with_flags([](Level1Metadata& level1) {
    set_bits(level1, {100, 400}, kVaneFlag | kHighFlag);
    set_bits(level1, {2800, 2900}, kVaneFlag | 1);
  });
  const auto pieces = plan_pieces(observation, {.scan_samples = true, .between_scans = true}, 20000);
  EXPECT_EQ(pieces.front().start, 500);
  EXPECT_EQ(pieces.back().start + pieces.back().n_samples, 2700);
}

TEST(FindScans, RunsOfTheFrameWithoutVaneAreNoEvents) {
  const ObservationContext observation = with_flags([](Level1Metadata& level1) {
    for (std::size_t row = 160; row < 166; ++row) level1.frame.features[row] = kVaneFlag;
  });
  EXPECT_EQ(observation.vane_events.size(), 1U);
  EXPECT_EQ(observation.scans, kBoth);
  EXPECT_TRUE(has_trouble(observation, TroubleKind::scan_flags));
}

TEST(FindScans, ClockOfTheHousekeepingDoesNotMoveScans) {
  for (const double late_s : {-3.0, -1.0, 1.0, 3.0}) {
    const ObservationContext observation = with_flags([&](Level1Metadata& level1) {
      set_bits(level1, {480, 500}, kFlag9);
      for (auto* times : {&level1.vane.utc_mjd, &level1.frame.utc_mjd}) {
        for (double& time : *times) time += late_s / kSecondsPerDay;
      }
    });
    EXPECT_EQ(observation.scans, (Scans{{480, 1500}, {1700, 2700}})) << late_s;
  }
}

TEST(FindScans, PauseOfTheRecordingCutsAScan) {
  const ObservationContext observation = with_flags([](Level1Metadata& level1) {
    for (double& time : level1.mjd | std::views::drop(900)) time += 20.0 / kSecondsPerDay;
  });
  EXPECT_EQ(observation.scans, (Scans{{500, 900}, {900, 1500}, {1700, 2700}}));
  EXPECT_TRUE(has_trouble(observation, TroubleKind::recording_gap));
}

TEST(FindScans, PauseBetweenScansIsNoFlicker) {
  const ObservationContext observation = with_flags([](Level1Metadata& level1) {
    set_bits(level1, {1500, 1504}, 0);
    set_bits(level1, {1504, 1700}, kFlag9);
    for (double& time : level1.mjd | std::views::drop(1502)) time += 60.0 / kSecondsPerDay;
  });
  EXPECT_EQ(observation.scans, (Scans{{500, 1500}, {1504, 2700}}));
}

TEST(FindScans, OneVaneEventAfterTheScans) {
  test::SmallLevel1 content(3000);
  content.set_feature(500, 1000, 9);
  content.add_vane(1500, 1800);
  EXPECT_EQ(find_scans(content).scans, (Scans{{500, 1000}}));
}

TEST(FindScans, TwoPiecesOfOneVaneEventBoundNothing) {
  test::SmallLevel1 content(3000);
  content.add_vane(100, 400);
  content.add_vane(440, 740);
  content.set_feature(900, 1500, 9);
  EXPECT_EQ(find_scans(content).scans, (Scans{{900, 1500}}));
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

TEST(FindScans, VaneSamplesAreNeverInALissajousScan) {
  test::SmallLevel1 content = with_vane();
  content.add_vane(2500, 2800);
  content.lissajous_status.assign(3000, 1);
  EXPECT_EQ(find_scans(content).scans, (Scans{{0, 100}, {400, 2500}, {2800, 3000}}));
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
