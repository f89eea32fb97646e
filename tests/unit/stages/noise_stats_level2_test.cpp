// Noise of binned data against the Python pipeline's and against noise of known spectrum.

#include "stages/noise_stats_level2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>

#include "data/level2_datasets.hpp"
#include "math/fft.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

/// Settings of the golden set: the fit is the Python pipeline's, with its bias.
NoiseStatsLevel2Config golden_config() {
  NoiseStatsLevel2Config config;
  config.detrend = false;
  config.estimator = NoiseEstimator::standard_deviation;
  config.fit = "log_bins";
  return config;
}

// Feed 1, two scans of observation 30001: [band][sub-band][scan][sample].
TEST(NoiseStatsLevel2, FitsOfTheGoldenSet) {
  const h5::File golden = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/expected_30001_noise.h5");
  for (const std::string dataset : {"binned_data", "joint_tsys"}) {
    const auto streams = golden.read<float>(dataset + "/tod");
    const auto theirs = [&](const char* name) { return golden.read<double>(dataset + "/" + name); };
    const auto auto_rms = theirs("auto_rms"), white = theirs("sigma_white"), red = theirs("sigma_red"),
               alpha = theirs("alpha");
    const std::size_t n = streams.size() / auto_rms.size();
    const std::vector<double> elevation_deg(n, 50.0);
    for (std::size_t i = 0; i < auto_rms.size(); ++i) {
      const NoiseStatistics ours =
          noise_statistics({std::span(streams).subspan(i * n, n), elevation_deg, {}, 0.02, 1}, golden_config());
      if (auto_rms[i] == 0.0) continue;
      EXPECT_NEAR(ours.auto_rms_K / auto_rms[i], 1.0, 1e-5);
      EXPECT_NEAR(ours.sigma_white_K / white[i], 1.0, 0.03) << dataset << " element " << i;
      EXPECT_NEAR(ours.sigma_red_K / red[i], 1.0, 0.03) << dataset << " element " << i;
      EXPECT_NEAR(ours.alpha / alpha[i], 1.0, 0.03) << dataset << " element " << i;
    }
  }
}

// The fits of this file were made without the first frequency, which rounding of the Python pipeline's bin edges drops
// for some lengths of a scan: white levels still agree to 4 %.
TEST(NoiseStatsLevel2, GoldenFileThroughTheStage) {
  constexpr std::size_t kElements = 8, kScans = 2, kSamples = 8700;
  const h5::File golden = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/expected_30011.h5");
  ObservationContext observation =
      test::open_observation(std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5");
  const auto edges = golden.read<std::int64_t>("scan_edges_stored");
  for (std::size_t scan = 0; scan < kScans; ++scan) observation.scans.push_back({edges[2 * scan], edges[2 * scan + 1]});
  const auto streams = golden.read<float>("binned_data");
  const auto auto_rms = golden.read<double>("noise_stats/binned_data/auto_rms");
  const auto white = golden.read<double>("noise_stats/binned_data/sigma_white");
  NoiseStatsLevel2Config config = golden_config();
  config.datasets = {"binned_data"};
  const NoiseStatsLevel2 stage(config);
  observation.n_freq_bin = 2;
  int n_compared = 0;
  for (std::size_t feed = 0; feed < 2; ++feed) {
    ProductTable products;
    const auto first = streams.begin() + static_cast<std::ptrdiff_t>(feed * kElements * kSamples);
    products.set(level2::kBinned,
                 {shape_of(kBands, 2, kSamples), std::vector<float>(first, first + kElements * kSamples)});
    stage.start_feed(observation, static_cast<int>(feed) + 1, products)->finish();
    const auto our_rms = products.flat(level2::kNoiseOfUnfiltered.auto_rms);
    const auto our_white = products.flat(level2::kNoiseOfUnfiltered.sigma_white);
    ASSERT_EQ(our_rms.size(), kElements * kScans);
    for (std::size_t i = 0; i < kElements * kScans; ++i) {
      const std::size_t there = feed * kElements * kScans + i;
      if (auto_rms[there] == 0.0) {
        EXPECT_TRUE(std::isnan(our_rms[i])) << "no data: the Python pipeline writes 0";
        continue;
      }
      EXPECT_NEAR(our_rms[i] / auto_rms[there], 1.0, 1e-5);
      EXPECT_NEAR(our_white[i] / white[there], 1.0, 0.04);
      ++n_compared;
    }
  }
  EXPECT_EQ(n_compared, 30);
}

constexpr double kWhite_K = 0.02;
constexpr double kRed_K = 0.1;
constexpr double kAlpha = -1.6;
constexpr double kSampleTime_s = 0.02;

/// Noise of a known spectrum: amplitudes of its Fourier components drawn from it.
struct Scan {
  std::vector<float> values;
  std::vector<double> elevation_deg;
  std::vector<std::uint8_t> bright;

  explicit Scan(unsigned seed, std::size_t n = 6000) : values(n), elevation_deg(n), bright(n, 0) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    RealFft fft(n);
    for (std::size_t mode = 0; mode <= n / 2; ++mode) {
      const double frequency_Hz =
          static_cast<double>(std::max<std::size_t>(mode, 1)) / (kSampleTime_s * static_cast<double>(n));
      const double power = kWhite_K * kWhite_K + kRed_K * kRed_K * std::pow(frequency_Hz / 0.1, kAlpha);
      const double amplitude = std::sqrt(0.5 * power * static_cast<double>(n));
      fft.spectrum()[mode] = {amplitude * normal(generator), amplitude * normal(generator)};
    }
    fft.inverse();
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = static_cast<float>(fft.samples()[i]);
      elevation_deg[i] = 50.0 + 1.0 * static_cast<double>(i) / static_cast<double>(n);
    }
  }
  NoiseStatistics statistics(const NoiseStatsLevel2Config& config = {}) const {
    return noise_statistics({values, elevation_deg, bright, kSampleTime_s, 1}, config);
  }
};

TEST(NoiseStatsLevel2, NoiseOfKnownSpectrumIsFound) {
  NoiseStatsLevel2Config config;
  config.detrend = false;
  for (unsigned seed = 1; seed < 6; ++seed) {
    const NoiseStatistics found = Scan(seed).statistics(config);
    EXPECT_NEAR(found.auto_rms_K / kWhite_K, 1.0, 0.06);
    EXPECT_NEAR(found.sigma_white_K / kWhite_K, 1.0, 0.05);
    EXPECT_NEAR(found.sigma_red_K / kRed_K, 1.0, 0.3);
    EXPECT_NEAR(found.alpha, kAlpha, 0.35);
  }
}

/// A stretch of noise of a given spectrum that does not repeat: its ends do not meet.
template <typename Power>
std::vector<float> stretch_of_noise(const Power& power_K2, std::size_t n, std::mt19937_64& generator) {
  constexpr std::size_t kLonger = 4;
  std::normal_distribution<double> normal;
  RealFft fft(kLonger * n);
  const double step_Hz = 1.0 / (kSampleTime_s * static_cast<double>(fft.size()));
  fft.spectrum()[0] = 0.0;
  for (std::size_t mode = 1; mode < fft.spectrum().size(); ++mode) {
    const double frequency_Hz = step_Hz * static_cast<double>(mode);
    const double amplitude = std::sqrt(0.5 * power_K2(frequency_Hz) * static_cast<double>(fft.size()));
    const double real = normal(generator), imaginary = normal(generator);
    fft.spectrum()[mode] = {amplitude * real, amplitude * imaginary};
  }
  fft.inverse();
  return {fft.samples().begin(), fft.samples().begin() + static_cast<std::ptrdiff_t>(n)};
}

/// Means over many fits.
struct MeanFit {
  double white_K = 0.0, red_K = 0.0, alpha = 0.0;

  template <typename Power>
  MeanFit(const Power& power_K2, std::size_t n, int n_fits, const std::function<double(double)>& gain_K2 = {}) {
    std::mt19937_64 generator(17);
    std::vector<double> elevation_deg(n);
    for (std::size_t i = 0; i < n; ++i) {
      elevation_deg[i] = 50.0 + 0.4 * std::sin(2.0 * std::numbers::pi * static_cast<double>(i) * kSampleTime_s / 20.0);
    }
    for (int i = 0; i < n_fits; ++i) {
      const std::vector<float> values = stretch_of_noise(power_K2, n, generator);
      NoiseSeries series{values, elevation_deg, {}, kSampleTime_s, 1};
      series.gain_power_K2 = gain_K2;
      const NoiseStatistics found = noise_statistics(series, NoiseStatsLevel2Config());
      white_K += found.sigma_white_K / n_fits;
      red_K += found.sigma_red_K / n_fits;
      alpha += found.alpha / n_fits;
    }
  }
};

TEST(NoiseStatsLevel2, MeanOfManyFitsIsTheTruth) {
  constexpr double kLevel_K = 0.009, kSlow_K = 0.06, kSlope = -1.3;
  const auto power_K2 = [](double frequency_Hz) {
    return kLevel_K * kLevel_K + kSlow_K * kSlow_K * std::pow(frequency_Hz / 0.1, kSlope);
  };
  for (const auto& [n, n_fits] : {std::pair(3600, 400), std::pair(14000, 120)}) {
    const MeanFit mean(power_K2, static_cast<std::size_t>(n), n_fits);
    EXPECT_NEAR(mean.white_K / kLevel_K, 1.0, 0.01) << n;
    EXPECT_NEAR(mean.red_K / kSlow_K, 1.0, 0.03) << n;
    EXPECT_NEAR(mean.alpha, kSlope, 0.02) << n;
  }
}

// What the gain filter leaves of 1/f noise is flat where the data know the gain: no power law.
TEST(NoiseStatsLevel2, WhiteNoiseOfFilteredDataIsTheTruth) {
  constexpr double kLevel_K = 0.009;
  const auto gain_K2 = [](double frequency_Hz) {
    const double gain = 0.06 * 0.06 * std::pow(frequency_Hz / 0.1, -1.3);
    return gain / (1.0 + gain / (0.015 * 0.015));
  };
  const auto power_K2 = [&](double frequency_Hz) { return kLevel_K * kLevel_K + gain_K2(frequency_Hz); };
  for (const std::size_t n : {3600U, 14000U}) {
    const MeanFit mean(power_K2, n, 60, gain_K2);
    EXPECT_NEAR(mean.white_K / kLevel_K, 1.0, 0.01) << n;
    EXPECT_NEAR(std::hypot(mean.red_K, kLevel_K) / std::sqrt(power_K2(0.1)), 1.0, 0.05) << n;
    const MeanFit power_law(power_K2, n, 20);
    EXPECT_LT(power_law.white_K / kLevel_K, 0.9) << "a power law is no model of such data";
  }
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
  EXPECT_NEAR(found.sigma_red_K / clean.sigma_red_K, 1.0, 0.02);
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
  for (std::size_t i = 7; i < scan.values.size(); i += 300) scan.values[i] += 0.5F;  // 25 sigma
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
  NoiseStatsLevel2Config config;
  config.detrend = false;
  const NoiseStatistics clean = scan.statistics(config);
  for (std::size_t i = 2000; i < 2100; ++i) {
    scan.values[i] += 3.0F;  // a source
    scan.bright[i] = 1;
  }
  const NoiseStatistics found = scan.statistics(config);
  EXPECT_NEAR(found.sigma_white_K / clean.sigma_white_K, 1.0, 0.03);
  EXPECT_EQ(found.sigma_red_K, scan.statistics(config).sigma_red_K);
  scan.bright.assign(scan.bright.size(), 0);
  const NoiseStatistics with_source = scan.statistics(config);
  EXPECT_GT(with_source.sigma_red_K, 2.0 * found.sigma_red_K) << "the source must matter when it is left in";
}

}  // namespace
}  // namespace comap
