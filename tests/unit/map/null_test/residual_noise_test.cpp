#include "map/null_test/residual_noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "map/null_test/noise_simulation.hpp"

namespace comap {
namespace {

constexpr std::size_t kSamples = 1000, kFeeds = 3, kScans = 40;
constexpr double kSampleTime_s = 0.02;

std::vector<ScanPlace> places_of_scans() {
  std::vector<ScanPlace> places;
  for (std::size_t scan = 0; scan < kScans; ++scan) {
    for (std::size_t feed = 0; feed < kFeeds; ++feed) places.push_back({scan / 4, scan % 4, scan});
  }
  return places;
}

// White noise of every feed, and white noise that they share: both have the same power in every mode.
TEST(ResidualNoise, TellsWhatFeedsShareFromWhatTheyDoNot) {
  constexpr double kOwn_K = 0.02, kShared_K = 0.015;
  std::mt19937_64 generator(4);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> residual_K;
  for (std::size_t scan = 0; scan < kScans; ++scan) {
    std::vector<double> shared(kSamples);
    for (double& value : shared) value = kShared_K * normal(generator);
    for (std::size_t feed = 0; feed < kFeeds; ++feed) {
      residual_K.push_back(shared);
      for (double& value : residual_K.back()) value += kOwn_K * normal(generator);
    }
  }
  const ResidualPowers powers = residual_powers(residual_K, places_of_scans(), kSampleTime_s, SerialCommunicator());
  const std::size_t slow = residual_bin(0.6), fast = residual_bin(10.0);
  EXPECT_NEAR(powers.common[slow] / (kShared_K * kShared_K), 1.0, 4.0 * powers.common_error[slow] / 2.25e-4);
  EXPECT_LT(powers.common_error[slow] / (kShared_K * kShared_K), 0.15);
  EXPECT_NEAR(powers.own[slow] / (kOwn_K * kOwn_K), 1.0, 0.3);
  EXPECT_EQ(powers.common[fast], 0.0) << "nothing is common above 1 Hz";
  EXPECT_NEAR(powers.own[fast] / (kOwn_K * kOwn_K + kShared_K * kShared_K), 1.0, 0.05);
}

TEST(ResidualNoise, CommonNoiseIsTheSameInAllFeedsOfAScan) {
  const std::vector<DestriperSegment> segments = {{0, kSamples}, {kSamples, kSamples}, {2 * kSamples, kSamples}};
  const DestriperStream stream{LargeVector<float>(3 * kSamples, 0.0F), {1e6, 1e6, 1e6}};
  SegmentNoise noise;
  noise.sample_time_s = kSampleTime_s;
  noise.common_K2 = [](double) { return 1.0; };
  std::vector<SegmentOfBand> of_segments(3, {.noise = noise});
  for (std::uint64_t i = 0; i < 3; ++i) {
    of_segments[i].noise.key = i;
    of_segments[i].noise.common_key = i / 2 + 100;
  }
  const auto noise_K = simulated_noise_K(segments, stream, of_segments, 0);
  double same = 0.0, other = 0.0;
  for (std::size_t i = 0; i < kSamples; ++i) {
    same += noise_K[i] * noise_K[kSamples + i] / kSamples;
    other += noise_K[i] * noise_K[2 * kSamples + i] / kSamples;
  }
  EXPECT_NEAR(same, 1.0, 0.2);
  EXPECT_NEAR(other, 0.0, 0.2);
}

}  // namespace
}  // namespace comap
