// The vane calibration against temperatures put in, and its ways to fail.

#include "stages/system_temperature.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/error.hpp"
#include "io/level2_schema.hpp"
#include "stages/vane_calibration.hpp"
#include "stages/vane_events.hpp"
#include "support/small_level1.hpp"
#include "support/white_noise.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

constexpr double kTshroud_C = 18.0;
constexpr double kHot_K = kTshroud_C + 273.15;
constexpr double kCold_K = 2.73;

// A receiver of known Tsys sees vane and sky: the Y factor must return it whatever the gain.
TEST(SystemTemperature, RecoversKnownTsysForAnyGain) {
  constexpr double kReceiver_K = 41.0;
  for (const double gain : {1e-3, 1.0, 4.2e6}) {
    const TsysAndGain found =
        tsys_from_vane(gain * (kReceiver_K + kHot_K), gain * (kReceiver_K + kCold_K), kHot_K, kCold_K);
    EXPECT_NEAR(found.system_temperature_K, kReceiver_K, 1e-9 * kReceiver_K) << "gain " << gain;
    EXPECT_NEAR(found.gain_counts_per_K, gain, 1e-9 * gain);
  }
}

TEST(SystemTemperature, NanWhenTheVaneIsNotWarmer) {
  for (const auto& [hot, cold] :
       {std::pair{1.0, 1.0}, {1.0, 2.0}, {1.0, 0.0}, {std::nan(""), 1.0}, {2.0, std::nan("")}}) {
    EXPECT_TRUE(std::isnan(tsys_from_vane(hot, cold, kHot_K, kCold_K).system_temperature_K));
    EXPECT_TRUE(std::isnan(tsys_from_vane(hot, cold, kHot_K, kCold_K).gain_counts_per_K));
  }
}

struct Case {
  test::TemporaryFile file{"comap-0012345-2022-09-20-001122.hd5"};
  ObservationContext observation;
  SystemTemperatureConfig config;

  explicit Case(const test::SmallLevel1& content, SystemTemperatureConfig settings = {}) : config(settings) {
    content.write(file.path());
    observation = test::open_observation(file.path());
    SystemTemperature(config).prepare(observation);
  }

  /// Products of feed 1 for tod(channel, sample), the same in all bands.
  template <typename Tod>
  ProductTable run(const Tod& tod) {
    test::Stages stages;
    stages.push_back(std::make_unique<SystemTemperature>(config));
    const Level1Metadata& level1 = observation.level1;
    std::vector<float> values;
    for (int band = 0; band < kBands; ++band) {
      for (int channel = 0; channel < level1.n_channels; ++channel) {
        for (std::int64_t i = 0; i < level1.n_samples; ++i) values.push_back(static_cast<float>(tod(channel, i)));
      }
    }
    return test::run_feed(stages, observation, 0, values);
  }
};

test::SmallLevel1 two_events() {
  test::SmallLevel1 content(4000);
  content.add_vane(100, 700);
  content.add_vane(3000, 3600);
  return content;
}

/// Counts of a receiver of 40 K with 10 counts/K in the first event and 12 in the second.
double counts(const test::SmallLevel1& content, std::int64_t i) {
  const double gain = i < 2000 ? 10.0 : 12.0;
  const bool hot = content.vane_angle_deg[static_cast<std::size_t>(i)] <= test::SmallLevel1::kHalfIn_deg;
  return gain * (40.0 + (hot ? kHot_K : kCold_K));
}

/// The same with 1 count/K throughout.
double constant_counts(const test::SmallLevel1& content, std::int64_t i) {
  return counts(content, i) / (i < 2000 ? 10.0 : 12.0);
}

TEST(SystemTemperature, EventsGiveTsysAndGainOfEachChannel) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  ASSERT_EQ(c.observation.vane_events.size(), 2U);
  const ProductTable products = c.run([&](int, std::int64_t i) { return counts(content, i); });
  const auto gain = products.get<float>(level2::kGain);
  const auto tsys = products.get<float>(level2::kSystemTemperature);
  ASSERT_EQ(gain.size(), 2U * 4U * 2U);
  EXPECT_NEAR(gain[0], 10.0F, 1e-5F);
  EXPECT_NEAR(gain[8], 12.0F, 1e-5F);
  EXPECT_NEAR(tsys[0], 40.0F, 1e-4F);
  const auto mjd = c.observation.products.get<double>(level2::kVaneEventMjd);
  const auto& event = c.observation.vane_events[1];
  EXPECT_NEAR((mjd[1] - test::kStartMjd) * kSecondsPerDay / test::kSampleTime_s,
              0.5 * static_cast<double>(event[0] + event[1] - 1), 1e-3);
  const nlohmann::json summary = SystemTemperature(c.config).summary(c.observation, {products});
  EXPECT_NEAR(summary.at("median_tsys").get<double>(), 40.0, 1e-4);
}

TEST(SystemTemperature, NanSamplesAreLeftOutAndNanChannelsAreNan) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const auto clean = c.run([&](int, std::int64_t i) { return counts(content, i); });
  const auto spoilt = c.run([&](int channel, std::int64_t i) {
    return channel == 1 || i % 37 == 0 ? std::numeric_limits<double>::quiet_NaN() : counts(content, i);
  });
  EXPECT_NEAR(spoilt.get<float>(level2::kGain)[0] / clean.get<float>(level2::kGain)[0], 1.0F, 1e-6F);
  EXPECT_TRUE(std::isnan(spoilt.get<float>(level2::kGain)[1]));
  EXPECT_TRUE(std::isnan(spoilt.get<float>(level2::kSystemTemperature)[1]));
}

TEST(SystemTemperature, EventsAreCombinedAsAsked) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return counts(content, i); });
  const auto gain = products.get<float>(level2::kGain);
  const double first = gain[0], second = gain[8];
  const auto mjd = c.observation.products.get<double>(level2::kVaneEventMjd);
  const auto gain_at = [&](const char* event, double when) {
    SystemTemperatureConfig config;
    config.event = event;
    return calibration_at(c.observation, products, config, when).gain_counts_per_K[0];
  };
  const double quarter = mjd[0] + 0.25 * (mjd[1] - mjd[0]);
  EXPECT_DOUBLE_EQ(gain_at("first", quarter), first);
  EXPECT_DOUBLE_EQ(gain_at("mean", quarter), 0.5 * (first + second));
  EXPECT_NEAR(gain_at("interpolate", quarter), 0.75 * first + 0.25 * second, 1e-6);
  EXPECT_DOUBLE_EQ(gain_at("interpolate", mjd[0] - 1.0), first);
  EXPECT_DOUBLE_EQ(gain_at("interpolate", mjd[1] + 1.0), second);
}

TEST(SystemTemperature, FirstSkipsAnEventThatCannotBeUsed) {
  test::SmallLevel1 content = two_events();
  // The vane did not move far enough.
  for (std::size_t i = 0; i < 1000; ++i) content.vane_angle_deg[i] = std::max(content.vane_angle_deg[i], 170.0);
  Case c(content);
  ASSERT_EQ(c.observation.vane_events.size(), 2U);
  const ProductTable products = c.run([&](int, std::int64_t i) { return counts(content, i); });
  EXPECT_TRUE(std::isnan(products.get<float>(level2::kGain)[0]));
  EXPECT_NEAR(calibration_at(c.observation, products, c.config, test::kStartMjd).gain_counts_per_K[0], 12.0, 1e-5);
}

bool has_trouble(const std::vector<Trouble>& troubles, TroubleKind kind) {
  return std::ranges::find(troubles, kind, &Trouble::kind) != troubles.end();
}

TEST(SystemTemperature, CleanEventsAreNoTrouble) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return constant_counts(content, i); });
  EXPECT_TRUE(products.troubles.empty()) << describe(products.troubles.front());
  EXPECT_TRUE(c.observation.troubles.empty());
  const auto drifting = [&](int, std::int64_t i) { return constant_counts(content, i) * (i < 2000 ? 1.0 : 1.05); };
  EXPECT_TRUE(c.run(drifting).troubles.empty());
}

// The receiver sees the vane earlier or later than the housekeeping says.
TEST(SystemTemperature, PowerTellsThatTheClockOfTheHousekeepingIsOff) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  for (const int late : {-400, -250, -140, -100, -50, -25, 25, 50, 100, 140, 250, 400}) {
    const ProductTable products =
        c.run([&](int, std::int64_t i) { return counts(content, std::clamp<std::int64_t>(i + late, 0, 3999)); });
    const auto gain = products.get<float>(level2::kGain);
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

TEST(SystemTemperature, SamplesOffThePlateauAreLeftOut) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) {
    const bool is_wild = i == 350 || i == 420 || (i >= 550 && i < 560);
    const bool arrives_late = i >= 300 && i < 330;  // the vane covers the feed later than its angle says
    return is_wild ? 1e6 * static_cast<double>(i) : arrives_late ? counts(content, 100) : counts(content, i);
  });
  EXPECT_NEAR(products.get<float>(level2::kGain)[0], 10.0F, 1e-3F);
}

TEST(SystemTemperature, EventThatCoversTheFeedPartlyIsNotUsed) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  for (const double share : {0.3, 0.5, 0.8}) {
    for (const bool in_first : {true, false}) {
      const ProductTable products = c.run([&](int, std::int64_t i) {
        const double sky = counts(content, i < 2000 ? 100 : 3000);
        return (i < 2000) == in_first ? share * counts(content, i) + (1.0 - share) * sky : counts(content, i);
      });
      const auto gain = products.get<float>(level2::kGain);
      EXPECT_TRUE(std::isnan(gain[in_first ? 0 : 8]));
      EXPECT_NEAR(gain[in_first ? 8 : 0], in_first ? 12.0F : 10.0F, 1e-3F);
      EXPECT_TRUE(has_trouble(products.troubles, TroubleKind::vane_power));
    }
  }
}

TEST(SystemTemperature, GainThatDriftsFarIsUsedAndSaid) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return counts(content, i); });  // 20 %
  EXPECT_TRUE(has_trouble(products.troubles, TroubleKind::calibration));
  EXPECT_TRUE(std::isfinite(products.get<float>(level2::kGain)[0]));
  EXPECT_TRUE(std::isfinite(products.get<float>(level2::kGain)[8]));
}

TEST(SystemTemperature, MoreSkyAtLowerElevationIsNoContradiction) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const auto tod = [&](int, std::int64_t i) { return constant_counts(content, i) + (i < 2000 ? 0.0 : 7.0); };
  EXPECT_TRUE(has_trouble(c.run(tod).troubles, TroubleKind::vane_power));
  for (std::size_t i = 0; i < 2000; ++i) c.observation.level1.elevation_deg[i] = 70.0;
  for (std::size_t i = 2000; i < 4000; ++i) c.observation.level1.elevation_deg[i] = 35.0;
  EXPECT_TRUE(c.run(tod).troubles.empty());
}

TEST(SystemTemperature, NoiseMustBeThatOfAReceiver) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
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
      return constant_counts(content, i) * (1.0 + scatter);
    });
    EXPECT_EQ(std::isfinite(products.get<float>(level2::kGain)[0]), is_fine) << factor;
    EXPECT_EQ(products.troubles.empty(), is_fine) << factor;
  }
}

TEST(SystemTemperature, ImpossibleSystemTemperaturesAreMissing) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const auto tod = [&](double first_K, double second_K) {
    return [&content, first_K, second_K](int channel, std::int64_t i) {
      return counts(content, i) + 10.0 * ((channel == 0 ? first_K : second_K) - 40.0);
    };
  };
  const ProductTable products = c.run(tod(40.0, 2500.0));
  const auto one_of_two = products.get<float>(level2::kGain);
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

TEST(SystemTemperature, FeedsOfOneObservationAreCompared) {
  const test::SmallLevel1 content = two_events();
  Case c(content);
  const ProductTable good = c.run([&](int, std::int64_t i) { return counts(content, i); });
  const ProductTable poor = c.run([&](int, std::int64_t i) { return counts(content, i) + (i < 2000 ? 400.0 : 480.0); });
  const SystemTemperature stage(c.config);
  EXPECT_TRUE(stage.compare_feeds(c.observation, {1, 2, 3}, {good, good, good}).empty());
  const auto found = stage.compare_feeds(c.observation, {1, 2, 5}, {good, good, poor});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].feeds, (std::vector<int>{5}));
  const ProductTable slightly = c.run([&](int, std::int64_t i) {
    return i < 2000 ? 0.95 * counts(content, i) + 0.05 * counts(content, 100) : counts(content, i);
  });
  const auto changed = stage.compare_feeds(c.observation, {1, 2, 5}, {good, slightly, good});
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].feeds, (std::vector<int>{2}));
}

/// Metadata of two events, changed before the stage sees them.
template <typename Change>
ObservationContext prepared(const Change& change) {
  const test::TemporaryFile file("comap-0012345-2022-09-20-001122.hd5");
  two_events().write(file.path());
  ObservationContext observation = test::open_observation(file.path());
  change(observation.level1);
  SystemTemperature({}).prepare(observation);
  return observation;
}

TEST(SystemTemperature, TimesOfAnotherDayNameBothRanges) {
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

TEST(SystemTemperature, MissingRowsAreOfNoLoad) {
  const ObservationContext observation = prepared([](Level1Metadata& level1) { drop_rows(level1, 90, 120); });
  EXPECT_TRUE(has_trouble(observation.troubles, TroubleKind::housekeeping_gap));
  ASSERT_EQ(observation.vane_events.size(), 2U);
  EXPECT_NEAR(static_cast<double>(observation.vane_events[0][1]), 445.0 + 1.5 * test::kHousekeepingStep, 2.0);
  const std::vector<double> angle = vane_angle_at_samples(observation.level1, {0, 700}, {});
  EXPECT_TRUE(std::isnan(angle[500]));
  EXPECT_EQ(angle[440], 62.0);
}

TEST(SystemTemperature, EventsWithTooLittleOfALoadAreNotUsed) {
  const ObservationContext one = prepared([](Level1Metadata& level1) { drop_rows(level1, 68, 200); });
  EXPECT_TRUE(has_trouble(one.troubles, TroubleKind::vane_power));
  const auto both = [](Level1Metadata& level1) {
    drop_rows(level1, 640, 720);
    drop_rows(level1, 68, 200);
  };
  EXPECT_THROW(prepared(both), ObservationError);
}

TEST(SystemTemperature, OneRowDoesNotMakeTheLowestAngle) {
  const ObservationContext observation = prepared([](Level1Metadata& level1) { level1.vane.angle_deg[70] = -1e4; });
  const std::vector<Load> loads = loads_of_event(observation.level1, observation.vane_events[0], {});
  EXPECT_EQ(std::ranges::count(loads, Load::hot), 200);
}

/// Level-2 file of obsid 12346 with two events: feed f, band b, channel c has the gain 1000 event + 100 f + 10 b + c.
void write_following(const std::string& path, bool complete) {
  h5::File file = h5::File::create(path);
  const std::vector<std::int64_t> feeds = {3, 1};  // in another order, and without feed 20
  file.write<std::int64_t>("spectrometer/feeds", {feeds.size()}, feeds);
  file.write<double>(level2::kVaneEventMjd, {2}, std::vector<double>{59842.5, 59842.6});
  std::vector<float> gain;
  for (int event = 0; event < 2; ++event) {
    for (const std::int64_t feed : feeds) {
      for (int band = 0; band < kBands; ++band) {
        for (int channel = 0; channel < 2; ++channel) {
          gain.push_back(static_cast<float>(1000 * event + 100 * static_cast<int>(feed) + 10 * band + channel));
        }
      }
    }
  }
  file.write<float>(level2::kGain, {2, 2, kBands, 2}, gain);
  file.write<float>(level2::kSystemTemperature, {2, 2, kBands, 2}, std::vector<float>(gain.size(), 40.0F));
  if (complete) file.write_attribute("/", level2::kCompleteAttribute, std::int64_t{1});
  file.close();
}

/// A sky dip without vane, prepared with the given file as the next observation's.
ObservationContext sky_dip(const test::TemporaryFile& own, const std::string& following) {
  test::SmallLevel1().write(own.path());
  ObservationContext observation = test::open_observation(own.path(), std::string(kSkyDipGroup));
  observation.following_level2_path = following;
  SystemTemperature({}).prepare(observation);
  return observation;
}

TEST(SystemTemperature, SkyDipTakesTheRowsOfItsFeedsFromTheNextObservation) {
  const test::TemporaryFile own("comap-0012345-2022-09-20-001122.hd5");
  const test::TemporaryFile next("Level2_comap-0012346-2022-09-20-002122.hd5");
  write_following(next.path(), true);
  const ObservationContext observation = sky_dip(own, next.path());
  const SystemTemperature stage({});
  EXPECT_EQ(stage.outputs(observation)[0].dataset.extent, (h5::Extent{2, 2, kBands, 2}));
  ProductTable products;
  stage.start_feed(observation, 1, products)->finish_vane();
  const auto gain = products.get<float>(level2::kGain);
  ASSERT_EQ(gain.size(), 16U);
  EXPECT_EQ(gain[0], 100.0F);
  EXPECT_EQ(gain[7], 131.0F);
  EXPECT_EQ(gain[8], 1100.0F);
  EXPECT_EQ(calibration_at(observation, products, {}, 59842.0).gain_counts_per_K[7], 131.0);
  ProductTable of_ground_feed;
  stage.start_feed(observation, 20, of_ground_feed)->finish_vane();
  EXPECT_TRUE(std::isnan(of_ground_feed.get<float>(level2::kGain)[0]));
}

TEST(SystemTemperature, SkyDipWithoutNeighbourSaysWhatToProcessFirst) {
  const test::TemporaryFile own("comap-0012345-2022-09-20-001122.hd5");
  const test::TemporaryFile unfinished("Level2_comap-0012346-2022-09-20-002122.hd5");
  const test::TemporaryFile other("Level2_comap-0012347-2022-09-20-002122.hd5");
  write_following(unfinished.path(), false);
  write_following(other.path(), true);
  for (const auto& [path, what] : {std::pair<std::string, std::string>{"", "knows no Level-2 file"},
                                   {"/nowhere/Level2_comap-0012346.hd5", "is gone"},
                                   {unfinished.path(), "was never finished"},
                                   {other.path(), "of another observation"}}) {
    try {
      sky_dip(own, path);
      FAIL() << path;
    } catch (const ObservationError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(what), std::string::npos) << message;
      EXPECT_NE(message.find("level2 --obsid 12346"), std::string::npos) << message;
    }
  }
}

std::string failure(const test::SmallLevel1& content) {
  try {
    const Case c(content);
  } catch (const ObservationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SystemTemperature, NoVaneEventFailsWithFileAndDataset) {
  const std::string message = failure(test::SmallLevel1());
  EXPECT_NE(message.find("no vane event"), std::string::npos) << message;
  EXPECT_NE(message.find("comap-0012345"), std::string::npos) << message;
  EXPECT_NE(message.find("hk/array/frame/features"), std::string::npos) << message;
}

TEST(SystemTemperature, VaneThatNeverMovesFails) {
  test::SmallLevel1 content;
  content.set_feature(100, 700, 13);
  EXPECT_NE(failure(content).find("no vane event has hot and cold samples"), std::string::npos) << failure(content);
}

}  // namespace
}  // namespace comap
