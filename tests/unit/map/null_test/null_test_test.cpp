#include "map/null_test/null_test.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "destripe/offset_prior.hpp"
#include "map/null_test/noise_simulation.hpp"
#include "map/null_test/split_solve.hpp"
#include "math/auto_rms.hpp"
#include "math/distributions.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

constexpr std::int64_t kColumns = 20;

MapPiece map_of(const std::vector<std::int64_t>& pixel, const std::vector<double>& value_K,
                const std::vector<double>& weight) {
  return {pixel, value_K, value_K, weight, std::vector<double>(pixel.size(), 10.0)};
}

// Three pixels in common: differences 1, 3, 2 with variances 1 (1/2 + 1/2), 2 (1 + 1) and 1; the weighted mean is 2.
TEST(NullStatistic, OfTwoMapsIsTheChiSquareOfTheirDifference) {
  const MapPiece a = map_of({3, 4, 5, 90}, {1.0, 4.0, 7.0, 50.0}, {2.0, 1.0, 2.0, 9.0});
  const MapPiece b = map_of({2, 3, 4, 5}, {9.0, 0.0, 1.0, 5.0}, {9.0, 2.0, 1.0, 2.0});
  const NullStatistic statistic = null_statistic({a, b}, {0.0, 0.0}, kColumns);
  EXPECT_EQ(statistic.n_pixels, 3);
  EXPECT_EQ(statistic.all.dof, 2);
  const double mean = (1.0 + 3.0 / 2.0 + 2.0) / 2.5;
  const double expected = std::pow(1.0 - mean, 2) + std::pow(3.0 - mean, 2) / 2.0 + std::pow(2.0 - mean, 2);
  EXPECT_NEAR(statistic.all.chi_square, expected, 1e-12);
  EXPECT_NEAR(statistic.level_K[0] - statistic.level_K[1], mean, 1e-12);
  const double square = std::pow(1.0 - mean, 2) + std::pow(3.0 - mean, 2) + std::pow(2.0 - mean, 2);
  EXPECT_NEAR(statistic.rms_ratio, std::sqrt(square / 4.0), 1e-12);
  EXPECT_EQ(statistic.large_scales.dof, 0) << "all in one block";
  EXPECT_NEAR(statistic.large_scales.chi_square, 0.0, 1e-12);
}

TEST(NullStatistic, LeavesOutPixelsWithFewHits) {
  MapPiece a = map_of({3, 4, 5}, {1.0, 4.0, 7.0}, {2.0, 1.0, 2.0});
  const MapPiece b = map_of({3, 4, 5}, {0.0, 1.0, 5.0}, {2.0, 1.0, 2.0});
  a.hits[1] = 3.0;
  EXPECT_EQ(null_statistic({a, b}, {4.0, 4.0}, kColumns).n_pixels, 2);
  const MapPiece half = half_difference(a, b, {4.0, 4.0});
  EXPECT_EQ(half.pixel, (std::vector<std::int64_t>{3, 5}));
  EXPECT_DOUBLE_EQ(half.destriped_K[1], 1.0);
  EXPECT_DOUBLE_EQ(half.weight_per_K2[0], 4.0);  // variance of (a - b) / 2: (1/2 + 1/2) / 4
  EXPECT_DOUBLE_EQ(half.hits[0], 20.0);
}

// Differences +1 in one block of pixels and -1 in another: all of chi-square is on large scales.
TEST(NullStatistic, KnowsLargeScales) {
  const MapPiece a = map_of({0, 1, 9, 10}, {1.0, 1.0, -1.0, -1.0}, {2.0, 2.0, 2.0, 2.0});
  const MapPiece b = map_of({0, 1, 9, 10}, {0.0, 0.0, 0.0, 0.0}, {2.0, 2.0, 2.0, 2.0});
  const NullStatistic statistic = null_statistic({a, b}, {0.0, 0.0}, kColumns);
  EXPECT_NEAR(statistic.all.chi_square, 4.0, 1e-12);
  EXPECT_EQ(statistic.all.dof, 3);
  EXPECT_NEAR(statistic.large_scales.chi_square, 4.0, 1e-12);
  EXPECT_EQ(statistic.large_scales.dof, 1);
}

/// Maps of white noise of known weights, the second half of the maps with a level; pixels missing at random.
std::vector<MapPiece> noise_maps(std::size_t n_maps, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<MapPiece> maps(n_maps);
  for (std::size_t map = 0; map < n_maps; ++map) {
    for (std::int64_t pixel = 0; pixel < 400; ++pixel) {
      if (uniform(random) < 0.2) continue;
      const double weight = 0.5 + 3.0 * uniform(random);
      const double sky = 5.0 * static_cast<double>(pixel % 7), level = map >= n_maps / 2 ? 3.0 : 0.0;
      maps[map].pixel.push_back(pixel);
      maps[map].destriped_K.push_back(sky + level + normal(random) / std::sqrt(weight));
      maps[map].weight_per_K2.push_back(weight);
      maps[map].hits.push_back(1.0);
    }
  }
  maps.front().naive_K = {};
  return maps;
}

// Exact case: white noise of known weights has flat PTEs, whatever the number of maps.
TEST(NullStatistic, WhiteNoiseHasFlatPtes) {
  constexpr unsigned kTests = 300;
  for (const std::size_t n_maps : {2U, 4U}) {
    std::vector<double> all, large;
    for (unsigned i = 0; i < kTests; ++i) {
      const NullTest test{"white", {}, 0, null_statistic(noise_maps(n_maps, 1000 * i + 7), {0, 0, 0, 0}, kColumns), {}};
      all.push_back(verdict(test, NullScale::all).pte_white);
      large.push_back(verdict(test, NullScale::large).pte_white);
    }
    EXPECT_GT(uniform_ks_probability(all), 0.01) << n_maps;
    EXPECT_GT(uniform_ks_probability(large), 0.01) << n_maps;
  }
}

// scipy.stats.t.sf of the cube roots.
TEST(NullTest, SimulatedPteIsStudents) {
  EXPECT_NEAR(simulated_pte(27.0, {8.0, 8.0, 64.0, 64.0}), 0.5, 1e-12);
  EXPECT_NEAR(simulated_pte(125.0, {8.0, 8.0, 64.0, 64.0}), 0.10955101870852388, 1e-12);
  EXPECT_TRUE(std::isnan(simulated_pte(3.0, {2.0})));
}

// The noise of a scan with the spectrum that it was asked for, and the auto_rms that the weight states.
TEST(NoiseSimulation, HasTheAutoRmsOfTheWeightAndTheSpectrumOfTheModel) {
  constexpr std::size_t kSamples = 8192;
  constexpr double kSampleTime_s = 0.02, kWeight = 1.0 / (0.01 * 0.01);
  const auto power_K2 = [](double frequency_Hz) { return 4e-4 * std::pow(frequency_Hz, -1.5); };
  const std::vector<DestriperSegment> segments = {{0, kSamples}};
  DestriperStream stream{LargeVector<float>(kSamples, 0.0F), {kWeight}};
  stream.tod_K[5] = std::nanf("");
  double auto_variance = 0.0, slow = 0.0, expected = 0.0;
  constexpr int kRealisations = 40;
  for (int realisation = 0; realisation < kRealisations; ++realisation) {
    const auto noise_K = simulated_noise_K(
        segments, stream, std::vector<SegmentOfBand>{{.noise = {power_K2, kSampleTime_s, 3}}}, realisation);
    EXPECT_TRUE(std::isnan(noise_K[5]));
    double differences = 0.0, mean = 0.0;
    for (std::size_t i = 6; i + 1 < kSamples; i += 2) differences += std::pow(noise_K[i] - noise_K[i + 1], 2) / 2.0;
    auto_variance += differences / (kSamples / 2.0 - 3.0) / kRealisations;
    // Power of the mode k = 4 by its definition.
    for (std::size_t i = 0; i < kSamples; ++i) {
      if (i != 5) mean += noise_K[i] * std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) * 4.0 / kSamples);
    }
    slow += mean * mean * 2.0 / kSamples / kRealisations;
  }
  expected = power_K2(4.0 / (2.0 * kSamples * kSampleTime_s));
  EXPECT_NEAR(auto_variance * kWeight, 1.0, 0.01);
  EXPECT_NEAR(slow / expected, 1.0, 0.7);  // chi-square of 40 degrees of freedom: 3 sigma
}

/// Scans over a small map whose noise is white and 1/f; streams are realisations.
struct NoisyScans {
  test::CrossingScans scans = test::crossing_scans(6, 1200);
  std::vector<SegmentOfBand> noise;
  DestriperSettings settings;
  std::vector<int> labels = {0, 0, 1, 1, 0, 1};

  static double power_K2(double frequency_Hz) { return 0.5 * std::pow(frequency_Hz / 0.1, -1.6); }

  NoisyScans() {
    settings.n_pixels = scans.n_pixels;
    settings.n_columns = scans.n_columns;
    settings.offset_length = 25;
    DestriperStream& stream = scans.data.streams[0];
    for (std::uint64_t i = 0; i < scans.data.segments.size(); ++i) {
      noise.push_back({.noise = {power_K2, 0.02, i}});
      stream.prior_variance_K2.push_back(offset_mode_variance(power_K2, 48, settings.offset_length, 0.02));
    }
  }

  std::vector<NullStatistic> statistics(int first, int n) {
    const DestriperStream model = scans.data.streams[0];
    DestriperData data = scans.data;
    data.streams.clear();
    for (int i = first; i < first + n; ++i) {
      data.streams.push_back(model);
      data.streams.back().tod_K = simulated_noise_K(data.segments, model, noise, i);
    }
    std::vector<NullStatistic> found;
    for (const auto& maps : solve_labels(data, labels, 2, settings, SerialCommunicator(), AfterSolve::release)) {
      found.push_back(null_statistic({maps[0].map, maps[1].map}, {2.0, 2.0}, settings.n_columns));
    }
    return found;
  }
};

// Destriped 1/f noise: far more than white noise, and what simulations of it say is right.
TEST(NullTest, DestripedNoiseHasFlatPtesAgainstSimulations) {
  constexpr int kTests = 300, kSimulations = 7;
  NoisyScans scans;
  std::vector<double> all, large, white;
  for (int i = 0; i < kTests; ++i) {
    std::vector<NullStatistic> statistics = scans.statistics(i * (kSimulations + 1), kSimulations + 1);
    NullTest test{"noise", {"a", "b"}, 0, statistics.back(), {}};
    statistics.pop_back();
    test.simulated = std::move(statistics);
    all.push_back(verdict(test, NullScale::all).pte_simulated);
    large.push_back(verdict(test, NullScale::large).pte_simulated);
    white.push_back(verdict(test, NullScale::all).pte_white);
  }
  EXPECT_GT(uniform_ks_probability(all), 0.01);
  EXPECT_GT(uniform_ks_probability(large), 0.01);
  EXPECT_LT(uniform_ks_probability(white), 1e-6) << "the weights know nothing of correlated noise";
}

}  // namespace
}  // namespace comap
