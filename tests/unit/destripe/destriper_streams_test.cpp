// Several streams in one solve against each of them alone.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "destripe/destriper.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

struct Streams {
  test::CrossingScans scans;
  DestriperSettings settings;
};

/// `n` streams with offsets, airmass and noise of their own. Stream 1 has no data in segment 2 and other bad samples in
/// segment 3; stream 2 has a prior in some segments.
Streams make_streams(std::size_t n) {
  Streams problem{test::crossing_scans(6, 205), {}};
  DestriperData& data = problem.scans.data;
  problem.settings.n_pixels = problem.scans.n_pixels;
  problem.settings.n_columns = problem.scans.n_columns;
  problem.settings.offset_length = 20;
  problem.settings.threshold = 1e-13;
  test::add_offsets(data, 20, 1.0);
  test::add_airmass(data, 0.5);
  test::add_noise(data, 0.05);
  data.streams.resize(n, data.streams.front());
  for (std::size_t s = 1; s < n; ++s) {
    DestriperStream& stream = data.streams[s];
    for (std::size_t i = 0; i < stream.tod_K.size(); ++i) {
      stream.tod_K[i] *= 1.0F + 0.1F * static_cast<float>(std::sin(0.3 * static_cast<double>(i * s)));
    }
    for (double& weight : stream.weight_per_K2) weight *= 1.0 + 0.2 * static_cast<double>(s);
  }
  if (n > 1) {
    data.streams[1].weight_per_K2[2] = 0.0;
    for (std::size_t i = 620; i < 660; ++i) data.streams[1].tod_K[i] = std::numeric_limits<float>::quiet_NaN();
  }
  if (n > 2) {
    data.streams[2].prior_variance_K2.resize(6);
    for (const std::size_t segment : {0, 1, 4}) {
      for (int k = 0; k < 11; ++k) {
        data.streams[2].prior_variance_K2[segment].push_back(0.3 * std::pow(k + 0.5, -1.7));
      }
    }
  }
  return problem;
}

double constant_between(const MapPiece& a, const MapPiece& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.pixel.size(); ++i) sum += a.destriped_K[i] - b.destriped_K[i];
  return sum / static_cast<double>(a.pixel.size());
}

class SeveralStreams : public testing::TestWithParam<std::size_t> {};

TEST_P(SeveralStreams, GiveTheMapsOfEachAlone) {
  const Streams problem = make_streams(GetParam());
  const auto together = destripe(std::as_const(problem.scans.data), problem.settings, SerialCommunicator());
  ASSERT_EQ(together.size(), GetParam());
  for (std::size_t s = 0; s < together.size(); ++s) {
    DestriperData alone = problem.scans.data;
    alone.streams = {problem.scans.data.streams[s]};
    const DestriperResult one = test::destripe_one(alone, problem.settings, SerialCommunicator());
    EXPECT_TRUE(together[s].report.converged) << s;
    EXPECT_EQ(together[s].report.n_offsets_without_data, one.report.n_offsets_without_data) << s;
    EXPECT_EQ(together[s].report.n_components, one.report.n_components) << s;
    ASSERT_EQ(together[s].map.pixel, one.map.pixel) << s;
    EXPECT_EQ(together[s].map.hits, one.map.hits) << s;
    const double constant = constant_between(together[s].map, one.map);
    for (std::size_t i = 0; i < one.map.pixel.size(); ++i) {
      EXPECT_NEAR(together[s].map.destriped_K[i] - constant, one.map.destriped_K[i], 1e-8) << s;
      EXPECT_NEAR(together[s].map.weight_per_K2[i], one.map.weight_per_K2[i], 1e-9 * one.map.weight_per_K2[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Numbers, SeveralStreams, testing::Values(1, 2, 3, 5, 8, 11));

// A lane that is done earlier than others, or has nothing to solve, does not change while they go on.
TEST(SeveralStreamsAtOnce, StopOneByOne) {
  Streams problem = make_streams(3);
  for (float& value : problem.scans.data.streams[1].tod_K) value = std::isfinite(value) ? 0.0F : value;
  const auto together = destripe(std::as_const(problem.scans.data), problem.settings, SerialCommunicator());
  EXPECT_EQ(together[1].report.reason, StopReason::nothing_to_solve);
  EXPECT_EQ(together[1].report.iterations, 0);
  for (const double offset : together[1].offsets_K) EXPECT_EQ(offset, 0.0);
  EXPECT_NE(together[0].report.iterations, together[2].report.iterations);
}

TEST(SamplesOnAScratch, GiveTheSameBits) {
  test::CrossingScans scans = test::crossing_scans(60, 20000);
  test::add_offsets(scans.data, 50, 1.0);
  test::add_airmass(scans.data, 0.5);
  DestriperSettings settings;
  settings.n_pixels = scans.n_pixels;
  settings.n_columns = scans.n_columns;
  settings.offset_length = 50;
  const DestriperResult in_memory = test::destripe_one(scans.data, settings, SerialCommunicator());
  Scratch scratch(testing::TempDir(), kHugePageBytes);
  DestriperData data;
  const auto copy = [&](const auto& from, auto& to) {
    to = std::remove_cvref_t<decltype(to)>(from.begin(), from.end(), &scratch);
  };
  data.segments = scans.data.segments;
  copy(scans.data.pixel, data.pixel);
  copy(scans.data.airmass, data.airmass);
  data.streams.push_back({{}, scans.data.streams[0].weight_per_K2});
  copy(scans.data.streams[0].tod_K, data.streams[0].tod_K);
  const DestriperResult on_scratch = test::destripe_one(data, settings, SerialCommunicator());
  EXPECT_EQ(on_scratch.map.destriped_K, in_memory.map.destriped_K);
  EXPECT_EQ(on_scratch.offsets_K, in_memory.offsets_K);
}

TEST(SolveWithAStart, GoesOnFromThere) {
  Streams problem = make_streams(3);
  const DestriperData& data = problem.scans.data;
  problem.settings.threshold = 1e-9;
  const auto first = destripe(data, problem.settings, SerialCommunicator());
  const auto again = destripe(data, problem.settings, SerialCommunicator(), first);
  DestriperSettings half = problem.settings;
  half.threshold = 1e-4;
  const auto rest = destripe(data, problem.settings, SerialCommunicator(), destripe(data, half, SerialCommunicator()));
  for (std::size_t s = 0; s < first.size(); ++s) {
    EXPECT_LE(again[s].report.iterations, 1) << s;
    EXPECT_LT(rest[s].report.iterations, first[s].report.iterations) << s;
    EXPECT_LE(rest[s].report.relative_residual, 1e-9) << s;
    const double constant = constant_between(rest[s].map, first[s].map);
    for (std::size_t i = 0; i < first[s].map.pixel.size(); ++i) {
      EXPECT_NEAR(rest[s].map.destriped_K[i] - constant, first[s].map.destriped_K[i], 1e-6) << s;
    }
  }
}

}  // namespace
}  // namespace comap
