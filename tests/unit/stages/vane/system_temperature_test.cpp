// The vane calibration against temperatures put in, and its ways to fail.

#include "stages/vane/system_temperature.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "data/observation.hpp"
#include "stages/vane/vane_calibration.hpp"
#include "support/small_level1.hpp"
#include "unit/stages/stage_driver.hpp"
#include "unit/stages/vane/vane_case.hpp"

namespace comap {
namespace {

// A receiver of known Tsys sees vane and sky: the Y factor must return it whatever the gain.
TEST(SystemTemperature, RecoversKnownTsysForAnyGain) {
  constexpr double kReceiver_K = 41.0;
  for (const double gain : {1e-3, 1.0, 4.2e6}) {
    const TsysAndGain found = tsys_from_vane(gain * (kReceiver_K + test::kHot_K), gain * (kReceiver_K + test::kCold_K),
                                             test::kHot_K, test::kCold_K);
    EXPECT_NEAR(found.system_temperature_K, kReceiver_K, 1e-9 * kReceiver_K) << "gain " << gain;
    EXPECT_NEAR(found.gain_counts_per_K, gain, 1e-9 * gain);
  }
}

TEST(SystemTemperature, NanWhenTheVaneIsNotWarmer) {
  for (const auto& [hot, cold] :
       {std::pair{1.0, 1.0}, {1.0, 2.0}, {1.0, 0.0}, {std::nan(""), 1.0}, {2.0, std::nan("")}}) {
    EXPECT_TRUE(std::isnan(tsys_from_vane(hot, cold, test::kHot_K, test::kCold_K).system_temperature_K));
    EXPECT_TRUE(std::isnan(tsys_from_vane(hot, cold, test::kHot_K, test::kCold_K).gain_counts_per_K));
  }
}

TEST(SystemTemperature, EventsGiveTsysAndGainOfEachChannel) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  ASSERT_EQ(c.observation.vane_events.size(), 2U);
  const ProductTable products = c.run([&](int, std::int64_t i) { return test::counts(content, i); });
  const auto gain = products.flat(level2::kGain);
  const auto tsys = products.flat(level2::kSystemTemperature);
  ASSERT_EQ(gain.size(), 2U * 4U * 2U);
  EXPECT_NEAR(gain[0], 10.0F, 1e-5F);
  EXPECT_NEAR(gain[8], 12.0F, 1e-5F);
  EXPECT_NEAR(tsys[0], 40.0F, 1e-4F);
  const auto mjd = c.observation.products.flat(level2::kVaneEventMjd);
  const auto& event = c.observation.vane_events[1];
  EXPECT_NEAR((mjd[1] - test::kStartMjd) * kSecondsPerDay / test::kSampleTime_s,
              0.5 * static_cast<double>(event[0] + event[1] - 1), 1e-3);
  const nlohmann::json summary = SystemTemperature(c.config).summary(c.observation, {products});
  EXPECT_NEAR(summary.at("median_tsys").get<double>(), 40.0, 1e-4);
}

TEST(SystemTemperature, NanSamplesAreLeftOutAndNanChannelsAreNan) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const auto clean = c.run([&](int, std::int64_t i) { return test::counts(content, i); });
  const auto spoilt = c.run([&](int channel, std::int64_t i) {
    return channel == 1 || i % 37 == 0 ? std::numeric_limits<double>::quiet_NaN() : test::counts(content, i);
  });
  EXPECT_NEAR(spoilt.flat(level2::kGain)[0] / clean.flat(level2::kGain)[0], 1.0F, 1e-6F);
  EXPECT_TRUE(std::isnan(spoilt.flat(level2::kGain)[1]));
  EXPECT_TRUE(std::isnan(spoilt.flat(level2::kSystemTemperature)[1]));
}

TEST(SystemTemperature, EventsAreCombinedAsAsked) {
  const test::SmallLevel1 content = test::two_events();
  test::VaneCase c(content);
  const ProductTable products = c.run([&](int, std::int64_t i) { return test::counts(content, i); });
  const auto gain = products.flat(level2::kGain);
  const double first = gain[0], second = gain[8];
  const auto mjd = c.observation.products.flat(level2::kVaneEventMjd);
  const auto gain_at = [&](const char* event, double when) {
    SystemTemperatureConfig config;
    config.event = event;
    return calibration_at(c.observation, products, config, when).gain_counts_per_K(0, 0);
  };
  const double quarter = mjd[0] + 0.25 * (mjd[1] - mjd[0]);
  EXPECT_DOUBLE_EQ(gain_at("first", quarter), first);
  EXPECT_DOUBLE_EQ(gain_at("mean", quarter), 0.5 * (first + second));
  EXPECT_NEAR(gain_at("interpolate", quarter), 0.75 * first + 0.25 * second, 1e-6);
  EXPECT_DOUBLE_EQ(gain_at("interpolate", mjd[0] - 1.0), first);
  EXPECT_DOUBLE_EQ(gain_at("interpolate", mjd[1] + 1.0), second);
}

TEST(SystemTemperature, FirstSkipsAnEventThatCannotBeUsed) {
  test::SmallLevel1 content = test::two_events();
  // The vane did not move far enough.
  for (std::size_t i = 0; i < 1000; ++i) content.vane_angle_deg[i] = std::max(content.vane_angle_deg[i], 170.0);
  test::VaneCase c(content);
  ASSERT_EQ(c.observation.vane_events.size(), 2U);
  const ProductTable products = c.run([&](int, std::int64_t i) { return test::counts(content, i); });
  EXPECT_TRUE(std::isnan(products.flat(level2::kGain)[0]));
  EXPECT_NEAR(calibration_at(c.observation, products, c.config, test::kStartMjd).gain_counts_per_K(0, 0), 12.0, 1e-5);
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
  EXPECT_EQ(level2::kGain.shape(axis_lengths(observation)), (std::vector<Index>{2, 2, kBands, 2}));
  ProductTable products;
  stage.start_feed(observation, 1, products)->finish_vane();
  const auto gain = products.flat(level2::kGain);
  ASSERT_EQ(gain.size(), 16U);
  EXPECT_EQ(gain[0], 100.0F);
  EXPECT_EQ(gain[7], 131.0F);
  EXPECT_EQ(gain[8], 1100.0F);
  EXPECT_EQ(calibration_at(observation, products, {}, 59842.0).gain_counts_per_K(3, 1), 131.0);
  ProductTable of_ground_feed;
  stage.start_feed(observation, 20, of_ground_feed)->finish_vane();
  EXPECT_TRUE(std::isnan(of_ground_feed.flat(level2::kGain)[0]));
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
    const test::VaneCase c(content);
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
