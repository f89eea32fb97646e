// Noise of binned data against the Python pipeline's and against noise of known spectrum.

#include "stages/noise_stats_level2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "io/level2_schema.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

constexpr std::size_t kFeeds = 2;
constexpr std::size_t kElements = 8;
constexpr std::size_t kScans = 2;
constexpr std::size_t kSamples = 8700;

/// How many fits of the golden set agree to 3 %, of those it has.
struct Agreement {
  int n_total = 0;
  int n_fit = 0;
  double worst_auto_rms = 0.0;
};

Agreement compare(const std::string& data, const std::string& statistics) {
  const h5::File golden = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/expected_30011.h5");
  ObservationContext observation =
      test::open_observation(std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5");
  const auto edges = golden.read<std::int64_t>("scan_edges_stored");
  for (std::size_t scan = 0; scan < kScans; ++scan) observation.scans.push_back({edges[2 * scan], edges[2 * scan + 1]});
  const auto streams = golden.read<float>(data);
  NoiseStatsLevel2Config config;
  config.datasets = {"binned_data"};
  config.detrend = false;
  config.estimator = NoiseEstimator::standard_deviation;
  const NoiseStatsLevel2 stage(config, 2);
  Agreement result;
  for (std::size_t feed = 0; feed < kFeeds; ++feed) {
    ProductTable products;
    const auto first = streams.begin() + static_cast<std::ptrdiff_t>(feed * kElements * kSamples);
    products.set(level2::kBinned, std::vector<float>(first, first + kElements * kSamples));
    stage.start_feed(observation, static_cast<int>(feed) + 1, products)->finish();
    const auto ours = [&](const char* name) {
      return products.get<double>(std::string("level2_noise_stats/binned_data/") + name);
    };
    const auto theirs = [&](const char* name) { return golden.read<double>(statistics + "/" + name); };
    const auto auto_rms = theirs("auto_rms"), white = theirs("sigma_white"), red = theirs("sigma_red"),
               alpha = theirs("alpha");
    for (std::size_t i = 0; i < kElements * kScans; ++i) {
      const std::size_t there = feed * kElements * kScans + i;
      if (auto_rms[there] == 0.0) continue;
      ++result.n_total;
      result.worst_auto_rms = std::max(result.worst_auto_rms, std::abs(ours("auto_rms")[i] / auto_rms[there] - 1.0));
      const bool agrees = std::abs(ours("sigma_white")[i] / white[there] - 1.0) < 0.03 &&
                          std::abs(ours("sigma_red")[i] / red[there] - 1.0) < 0.03 &&
                          std::abs(ours("alpha")[i] / alpha[there] - 1.0) < 0.03;
      result.n_fit += agrees ? 1 : 0;
    }
  }
  return result;
}

TEST(NoiseStatsLevel2, GoldenSet) {
  for (const auto& [data, statistics] :
       {std::pair{"binned_data", "noise_stats/binned_data"},
        {"binned_filtered_data/common_mode", "noise_stats/common_mode"},
        {"binned_filtered_data/joint_tsys", "noise_stats/joint_tsys"},
        {"binned_filtered_data/joint_with_prior_tsys", "noise_stats/joint_with_prior_tsys"}}) {
    const Agreement agreement = compare(data, statistics);
    EXPECT_GE(agreement.n_total, 28) << data;
    EXPECT_LT(agreement.worst_auto_rms, 1e-5) << data;
    EXPECT_GE(agreement.n_fit, 0.94 * agreement.n_total) << data;
  }
}

struct Scan {
  std::vector<float> values;
  std::vector<double> elevation_deg;
  std::vector<std::uint8_t> bright;

  explicit Scan(unsigned seed, std::size_t n = 6000) : values(n), elevation_deg(n), bright(n, 0) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> noise(0.0F, 0.02F);
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = noise(generator);
      elevation_deg[i] = 50.0 + 1.0 * static_cast<double>(i) / static_cast<double>(n);
    }
  }
  NoiseStatistics statistics(const NoiseStatsLevel2Config& config = {}) const {
    return noise_statistics({values, elevation_deg, bright, 0.02, 1}, config);
  }
};

TEST(NoiseStatsLevel2, WhiteNoiseHasItsLevel) {
  const NoiseStatistics found = Scan(1).statistics();
  EXPECT_NEAR(found.auto_rms_K, 0.02, 0.001);
  EXPECT_NEAR(found.sigma_white_K, 0.02, 0.002);  // the mean of ln P is below ln of the mean in narrow bins
}

TEST(NoiseStatsLevel2, AtmosphereAndDriftAreRemovedFirst) {
  Scan scan(2);
  const NoiseStatistics clean = scan.statistics();
  for (std::size_t i = 0; i < scan.values.size(); ++i) {
    const double airmass = 1.0 / std::sin(scan.elevation_deg[i] * kDegree_rad);
    scan.values[i] += static_cast<float>(3.0 + 9.0 * airmass - 2e-5 * static_cast<double>(i));
  }
  const NoiseStatistics found = scan.statistics();
  EXPECT_NEAR(found.auto_rms_K / clean.auto_rms_K, 1.0, 1e-3);
  EXPECT_NEAR(found.sigma_white_K / clean.sigma_white_K, 1.0, 5e-3);
  EXPECT_NEAR(std::abs(found.sigma_red_K - clean.sigma_red_K), 0.0, 5e-4);
}

TEST(NoiseStatsLevel2, TooManyOutliersKeepOnlyAutoRms) {
  Scan scan(3);
  for (std::size_t i = 0; i < scan.values.size(); i += 40) scan.values[i] += 1.0F;  // 2.5 %
  const NoiseStatistics found = scan.statistics();
  EXPECT_NEAR(found.auto_rms_K, 0.02, 0.002);
  EXPECT_TRUE(std::isnan(found.sigma_white_K) && std::isnan(found.sigma_red_K) && std::isnan(found.alpha));
}

TEST(NoiseStatsLevel2, FewOutliersAndNanDoNotMatter) {
  Scan scan(4);
  const NoiseStatistics clean = scan.statistics();
  for (std::size_t i = 0; i < scan.values.size(); i += 200) scan.values[i] = 5.0F;
  for (std::size_t i = 31; i < scan.values.size(); i += 200) scan.values[i] = std::nanf("");
  const NoiseStatistics found = scan.statistics();
  EXPECT_NEAR(found.auto_rms_K / clean.auto_rms_K, 1.0, 0.03);
  EXPECT_NEAR(found.sigma_white_K / clean.sigma_white_K, 1.0, 0.03);
}

TEST(NoiseStatsLevel2, NothingToMeasureIsNan) {
  Scan scan(5);
  for (float& value : scan.values) value = std::nanf("");
  EXPECT_TRUE(std::isnan(scan.statistics().auto_rms_K));
  EXPECT_TRUE(std::isnan(scan.statistics().sigma_white_K));
}

TEST(NoiseStatsLevel2, BrightSkyIsReplacedByTheSameNoiseEveryTime) {
  Scan scan(6);
  const NoiseStatistics clean = scan.statistics();
  for (std::size_t i = 2000; i < 2100; ++i) {
    scan.values[i] += 3.0F;  // a source
    scan.bright[i] = 1;
  }
  NoiseStatsLevel2Config config;
  config.detrend = false;
  const NoiseStatistics found = scan.statistics(config);
  EXPECT_NEAR(found.sigma_white_K / clean.sigma_white_K, 1.0, 0.03);
  EXPECT_EQ(found.sigma_red_K, scan.statistics(config).sigma_red_K);
  scan.bright.assign(scan.bright.size(), 0);
  const NoiseStatistics with_source = scan.statistics(config);
  EXPECT_FALSE(with_source.sigma_red_K < 2.0 * found.sigma_red_K) << "the source must matter when it is left in";
}

}  // namespace
}  // namespace comap
