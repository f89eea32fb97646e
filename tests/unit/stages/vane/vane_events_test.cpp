// Vane events that contradict themselves: what is mended, what is left out, and that it is said.

#include "stages/vane/vane_events.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.hpp"
#include "support/white_noise.hpp"
#include "unit/stages/vane/vane_case.hpp"

namespace comap {
namespace {

bool has_trouble(const std::vector<Trouble>& troubles, TroubleKind kind) {
  return std::ranges::find(troubles, kind, &Trouble::kind) != troubles.end();
}

TEST(SpoiltVane, CleanEventsAreNoTrouble) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return test::constant_counts(content, i); });
  EXPECT_TRUE(products.troubles.empty()) << describe(products.troubles.front());
  EXPECT_TRUE(c.observation.troubles.empty());
  const auto drifting = [&](int, std::int64_t i) {
    return test::constant_counts(content, i) * (i < 2000 ? 1.0 : 1.05);
  };
  EXPECT_TRUE(c.run(drifting).troubles.empty());
}

// The receiver sees the vane earlier or later than the housekeeping says.
TEST(SpoiltVane, PowerTellsThatTheClockOfTheHousekeepingIsOff) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  for (const int late : {-400, -250, -140, -100, -50, -25, 25, 50, 100, 140, 250, 400}) {
    const ProductTable products =
        c.run([&](int, std::int64_t i) { return test::counts(content, std::clamp<std::int64_t>(i + late, 0, 3999)); });
    const auto gain = products.flat(level2::kGain);
    EXPECT_TRUE(has_trouble(products.troubles, TroubleKind::housekeeping_clock) || std::abs(late) > 150) << late;
    if (std::abs(late) < 150) {
      EXPECT_NEAR(gain[0], 10.0F, 1e-3F) << late;
      EXPECT_NEAR(gain[8], 12.0F, 1e-3F) << late;
    } else {
      EXPECT_TRUE(std::isnan(gain[0]) && std::isnan(gain[8])) << late;
      EXPECT_THROW(SystemTemperature(c.config).summary(c.observation, {products}), ObservationError);
    }
  }
}

TEST(SpoiltVane, SamplesOffThePlateauAreLeftOut) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) {
    const bool is_wild = i == 350 || i == 420 || (i >= 550 && i < 560);
    const bool arrives_late = i >= 300 && i < 330;  // the vane covers the feed later than its angle says
    return is_wild        ? 1e6 * static_cast<double>(i)
           : arrives_late ? test::counts(content, 100)
                          : test::counts(content, i);
  });
  EXPECT_NEAR(products.flat(level2::kGain)[0], 10.0F, 1e-3F);
}

TEST(SpoiltVane, EventThatCoversTheFeedPartlyIsNotUsed) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  for (const double share : {0.3, 0.5, 0.8}) {
    for (const bool in_first : {true, false}) {
      const ProductTable products = c.run([&](int, std::int64_t i) {
        const double sky = test::counts(content, i < 2000 ? 100 : 3000);
        return (i < 2000) == in_first ? share * test::counts(content, i) + (1.0 - share) * sky
                                      : test::counts(content, i);
      });
      const auto gain = products.flat(level2::kGain);
      EXPECT_TRUE(std::isnan(gain[in_first ? 0 : 8]));
      EXPECT_NEAR(gain[in_first ? 8 : 0], in_first ? 12.0F : 10.0F, 1e-3F);
      EXPECT_TRUE(has_trouble(products.troubles, TroubleKind::vane_power));
    }
  }
}

TEST(SpoiltVane, GainThatDriftsFarIsUsedAndSaid) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return test::counts(content, i); });  // 20 %
  EXPECT_TRUE(has_trouble(products.troubles, TroubleKind::calibration));
  EXPECT_TRUE(std::isfinite(products.flat(level2::kGain)[0]));
  EXPECT_TRUE(std::isfinite(products.flat(level2::kGain)[8]));
}

TEST(SpoiltVane, MoreSkyAtLowerElevationIsNoContradiction) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const auto tod = [&](int, std::int64_t i) { return test::constant_counts(content, i) + (i < 2000 ? 0.0 : 7.0); };
  EXPECT_TRUE(has_trouble(c.run(tod).troubles, TroubleKind::vane_power));
  for (std::size_t i = 0; i < 2000; ++i) c.observation.level1.elevation_deg[i] = 70.0;
  for (std::size_t i = 2000; i < 4000; ++i) c.observation.level1.elevation_deg[i] = 35.0;
  EXPECT_TRUE(c.run(tod).troubles.empty());
}

TEST(SpoiltVane, NoiseMustBeThatOfAReceiver) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  constexpr double kWidth_Hz = 1e8;
  for (std::size_t i = 0; i < c.observation.level1.frequency_GHz.size(); ++i) {
    c.observation.level1.frequency_GHz[i] = 30.0 + 1e-9 * kWidth_Hz * static_cast<double>(i);
  }
  const double radiometer = 1.0 / std::sqrt(kWidth_Hz * test::kSampleTime_s);
  const std::vector<float> noise = white_noise(8000, radiometer, 1);
  for (const auto& [factor, is_fine] :
       {std::pair{0.0, false}, {0.2, false}, {0.5, true}, {1.0, true}, {2.0, true}, {5.0, false}}) {
    const ProductTable products = c.run([&](int channel, std::int64_t i) {
      const double scatter = factor * static_cast<double>(noise[static_cast<std::size_t>(2 * i + channel)]);
      return test::constant_counts(content, i) * (1.0 + scatter);
    });
    EXPECT_EQ(std::isfinite(products.flat(level2::kGain)[0]), is_fine) << factor;
    EXPECT_EQ(products.troubles.empty(), is_fine) << factor;
  }
}

TEST(SpoiltVane, ImpossibleSystemTemperaturesAreMissing) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const auto tod = [&](double first_K, double second_K) {
    return [&content, first_K, second_K](int channel, std::int64_t i) {
      return test::counts(content, i) + 10.0 * ((channel == 0 ? first_K : second_K) - 40.0);
    };
  };
  const ProductTable products = c.run(tod(40.0, 2500.0));
  const auto one_of_two = products.flat(level2::kGain);
  EXPECT_NEAR(one_of_two[0], 10.0F, 1e-3F);
  EXPECT_TRUE(std::isnan(one_of_two[1]));
  const ProductTable none = c.run(tod(2500.0, 2500.0));
  EXPECT_TRUE(has_trouble(none.troubles, TroubleKind::calibration));
  try {
    SystemTemperature(c.config).summary(c.observation, {none});
    FAIL();
  } catch (const ObservationError& error) {
    EXPECT_NE(std::string(error.what()).find("no feed has a gain"), std::string::npos) << error.what();
  }
}

TEST(SpoiltVane, FeedsOfOneObservationAreCompared) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const ProductTable good = c.run([&](int, std::int64_t i) { return test::counts(content, i); });
  const ProductTable poor =
      c.run([&](int, std::int64_t i) { return test::counts(content, i) + (i < 2000 ? 400.0 : 480.0); });
  const SystemTemperature stage(c.config);
  EXPECT_TRUE(stage.compare_feeds(c.observation, {1, 2, 3}, {good, good, good}).empty());
  const auto found = stage.compare_feeds(c.observation, {1, 2, 5}, {good, good, poor});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].feeds, (std::vector<int>{5}));
  const ProductTable slightly = c.run([&](int, std::int64_t i) {
    return i < 2000 ? 0.96 * test::counts(content, i) + 0.04 * test::counts(content, 100) : test::counts(content, i);
  });
  const auto changed = stage.compare_feeds(c.observation, {1, 2, 5}, {good, slightly, good});
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].feeds, (std::vector<int>{2}));
}

/// Metadata of two events, changed before the stage sees them.
template <typename Change>
ObservationContext prepared(const Change& change) {
  const test::TemporaryFile file("comap-0012345-2022-09-20-001122.hd5");
  test::two_events().write(file.path());
  ObservationContext observation = test::open_observation(file.path());
  change(observation.level1);
  SystemTemperature({}).prepare(observation);
  return observation;
}

TEST(SpoiltVane, TimesOfAnotherDayNameBothRanges) {
  for (const auto& [scale, offset, guess] : {std::tuple{1.0, 1.0, "nothing in common"},
                                             {86400.0, -40587.0 * 86400.0, "Unix seconds"},
                                             {1.0, 2400000.5, "Julian dates"}}) {
    try {
      prepared([&](Level1Metadata& level1) {
        for (double& time : level1.vane.utc_mjd) time = time * scale + offset;
      });
      FAIL() << guess;
    } catch (const ObservationError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(guess), std::string::npos) << message;
      EXPECT_NE(message.find("59842.25"), std::string::npos) << message;
      EXPECT_NE(message.find("hk/antenna0/vane/utc"), std::string::npos) << message;
    }
  }
}

void drop_rows(Level1Metadata& level1, std::size_t first, std::size_t end) {
  const auto drop = [&](auto& column) {
    column.erase(column.begin() + static_cast<std::ptrdiff_t>(first),
                 column.begin() + static_cast<std::ptrdiff_t>(end));
  };
  drop(level1.vane.utc_mjd);
  drop(level1.vane.angle_deg);
  drop(level1.frame.utc_mjd);
  drop(level1.frame.features);
}

TEST(SpoiltVane, MissingRowsAreOfNoLoad) {
  const ObservationContext observation = prepared([](Level1Metadata& level1) { drop_rows(level1, 90, 120); });
  EXPECT_TRUE(has_trouble(observation.troubles, TroubleKind::housekeeping_gap));
  ASSERT_EQ(observation.vane_events.size(), 2U);
  EXPECT_NEAR(static_cast<double>(observation.vane_events[0][1]), 445.0 + 1.5 * test::kHousekeepingStep, 2.0);
  const std::vector<double> angle = vane_angle_at_samples(observation.level1, {0, 700}, {});
  EXPECT_TRUE(std::isnan(angle[500]));
  EXPECT_EQ(angle[440], 62.0);
}

TEST(SpoiltVane, EventsWithTooLittleOfALoadAreNotUsed) {
  const ObservationContext one = prepared([](Level1Metadata& level1) { drop_rows(level1, 68, 200); });
  EXPECT_TRUE(has_trouble(one.troubles, TroubleKind::vane_power));
  const auto both = [](Level1Metadata& level1) {
    drop_rows(level1, 640, 720);
    drop_rows(level1, 68, 200);
  };
  EXPECT_THROW(prepared(both), ObservationError);
}

TEST(SpoiltVane, OneRowDoesNotMakeTheLowestAngle) {
  const ObservationContext observation = prepared([](Level1Metadata& level1) { level1.vane.angle_deg[70] = -1e4; });
  const std::vector<Load> loads = loads_of_event(observation.level1, observation.vane_events[0], {});
  EXPECT_EQ(std::ranges::count(loads, Load::hot), 200);
}

}  // namespace
}  // namespace comap
