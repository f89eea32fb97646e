// The stages against what the Python pipeline made of the same file (tests/data/expected_30011.h5, two feeds, two
// scans).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/level2_datasets.hpp"
#include "stages/atmosphere/atmosphere.hpp"
#include "stages/find_scans.hpp"
#include "stages/noise_stats_level1.hpp"
#include "stages/vane/system_temperature.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

const std::string kLevel1 = std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5";
const std::string kExpected = std::string(COMAP_TEST_DATA) + "/expected_30011.h5";
constexpr std::size_t kFeeds = 2;
constexpr std::size_t kEvents = 2;
constexpr std::size_t kChannelsOfFeed = 4 * 32;
constexpr std::size_t kScans = 2;

/// Which samples the Python pipeline leaves out.
enum class Cut { ours, last_sample_missing };

struct Run {
  ObservationContext observation;
  std::vector<ProductTable> feeds;
};

Run run_golden(Cut cut) {
  test::Stages stages;
  const SystemTemperatureConfig calibration;
  stages.push_back(std::make_unique<SystemTemperature>(calibration));
  stages.push_back(std::make_unique<FindScans>(FindScansConfig{}, calibration, CheckLevel1Config{}.max_time_gap_s));
  stages.push_back(std::make_unique<NoiseStatsLevel1>(NoiseStatsLevel1Config{NoiseEstimator::standard_deviation}));
  stages.push_back(std::make_unique<Atmosphere>(AtmosphereConfig{}, calibration));
  Run run{test::open_observation(kLevel1), {}};
  for (const auto& stage : stages) stage->prepare(run.observation);
  if (cut == Cut::last_sample_missing) {
    for (auto& event : run.observation.vane_events) --event[1];
    for (auto& scan : run.observation.scans) --scan[1];
    auto& features = run.observation.level1.features;
    *std::find_if(features.rbegin(), features.rend(), [](std::int64_t bits) { return has_feature(bits, 9); }) = 0;
  }
  for (std::size_t row = 0; row < kFeeds; ++row) {
    run.feeds.push_back(test::run_feed(stages, run.observation, row, test::read_feed(run.observation.level1, row)));
  }
  return run;
}

const Run& ours() {
  static const Run run = run_golden(Cut::ours);
  return run;
}
const Run& same_samples() {
  static const Run run = run_golden(Cut::last_sample_missing);
  return run;
}

template <typename T>
std::vector<T> expected(const char* dataset) {
  return h5::File::open_read(kExpected).read<T>(dataset);
}

/// Largest relative difference of Tsys and gain where Tsys < 200 K.
double vane_difference(const Run& run, const level2::ArrayDataset<float, 3>& product, const char* dataset) {
  const auto tsys = expected<float>("vane/system_temperature");
  const auto wanted = expected<float>(dataset);
  double largest = 0.0;
  int n_compared = 0;
  for (std::size_t event = 0; event < kEvents; ++event) {
    for (std::size_t feed = 0; feed < kFeeds; ++feed) {
      const auto got = run.feeds[feed].flat(product);
      for (std::size_t i = 0; i < kChannelsOfFeed; ++i) {
        const std::size_t there = (event * kFeeds + feed) * kChannelsOfFeed + i;
        if (!(tsys[there] < 200.0F)) continue;
        const double value = got[event * kChannelsOfFeed + i];
        EXPECT_TRUE(std::isfinite(value)) << "feed row " << feed << " element " << i;
        largest = std::max(largest, std::abs(value / static_cast<double>(wanted[there]) - 1.0));
        ++n_compared;
      }
    }
  }
  EXPECT_GT(n_compared, 400);
  return largest;
}

TEST(Golden, SystemTemperatureAndGain) {
  EXPECT_LT(vane_difference(same_samples(), level2::kSystemTemperature, "vane/system_temperature"), 1e-6);
  EXPECT_LT(vane_difference(same_samples(), level2::kGain, "vane/gain"), 1e-6);
  EXPECT_LT(vane_difference(ours(), level2::kSystemTemperature, "vane/system_temperature"), 1e-3);
  EXPECT_LT(vane_difference(ours(), level2::kGain, "vane/gain"), 1e-3);
}

TEST(Golden, ScanStartsAreEqualAndEndsOneSampleLater) {
  const auto edges = expected<std::int64_t>("scan_edges_stored");
  ASSERT_EQ(ours().observation.scans.size(), edges.size() / 2);
  for (std::size_t scan = 0; scan < ours().observation.scans.size(); ++scan) {
    EXPECT_EQ(ours().observation.scans[scan][0], edges[2 * scan]);
    EXPECT_EQ(ours().observation.scans[scan][1], edges[2 * scan + 1] + 1);
  }
  const auto stored = ours().observation.products.flat(level2::kScanEdges);
  EXPECT_EQ(stored[1], ours().observation.scans[0][1]);
}

double level1_noise_difference(const Run& run) {
  const auto wanted = expected<double>("auto_rms_level1");
  double largest = 0.0;
  int n_compared = 0;
  for (std::size_t feed = 0; feed < kFeeds; ++feed) {
    const auto got = run.feeds[feed].flat(level2::kLevel1AutoRms);
    for (std::size_t i = 0; i < kChannelsOfFeed; ++i) {
      const double there = wanted[feed * kChannelsOfFeed + i];
      if (!(there > 0.0)) {
        EXPECT_TRUE(std::isnan(got[i]));  // no data: the Python pipeline writes 0
        continue;
      }
      EXPECT_TRUE(std::isfinite(got[i]));
      largest = std::max(largest, std::abs(got[i] / there - 1.0));
      ++n_compared;
    }
  }
  EXPECT_EQ(n_compared, 255);
  return largest;
}

TEST(Golden, Level1AutoRms) {
  EXPECT_LT(level1_noise_difference(same_samples()), 1e-5);
  EXPECT_LT(level1_noise_difference(ours()), 1e-3);
}

/// Largest differences over the median of the same quantity.
double atmosphere_difference(const Run& run, const level2::ArrayDataset<double, 3>& product, const char* dataset) {
  const auto wanted = expected<double>(dataset);
  std::vector<double> moduli;
  for (const double value : wanted) moduli.push_back(std::abs(value));
  const double typical = median(std::span<const double>(moduli));
  double largest = 0.0;
  int n_compared = 0;
  for (std::size_t feed = 0; feed < kFeeds; ++feed) {
    const auto got = run.feeds[feed].flat(product);
    for (std::size_t i = 0; i < kChannelsOfFeed * kScans; ++i) {
      const double there = wanted[feed * kChannelsOfFeed * kScans + i];
      if (!std::isfinite(there) || there == 0.0) continue;
      largest = std::max(largest, std::abs(got[i] - there) / typical);
      ++n_compared;
    }
  }
  EXPECT_GT(n_compared, 500);
  return largest;
}

TEST(Golden, Atmosphere) {
  EXPECT_LT(atmosphere_difference(same_samples(), level2::kAtmosphereOffsets, "atmosphere/offsets"), 1e-4);
  EXPECT_LT(atmosphere_difference(same_samples(), level2::kAtmosphereTau, "atmosphere/tau"), 1e-4);
  EXPECT_LT(atmosphere_difference(ours(), level2::kAtmosphereOffsets, "atmosphere/offsets"), 4e-3);
  EXPECT_LT(atmosphere_difference(ours(), level2::kAtmosphereTau, "atmosphere/tau"), 1e-2);
}

}  // namespace
}  // namespace comap
