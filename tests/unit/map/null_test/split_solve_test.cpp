#include "map/null_test/split_solve.hpp"

#include <gtest/gtest.h>

#include "support/destriper_problem.hpp"

namespace comap {
namespace {

constexpr int kOffsetLength = 50;

/// Two streams on crossing scans, with levels, offsets and noise.
test::CrossingScans problem() {
  test::CrossingScans scans = test::crossing_scans(8, 1500);
  test::add_offsets(scans.data, kOffsetLength, 0.05);
  test::add_noise(scans.data, 0.01);
  DestriperStream second = scans.data.streams[0];
  for (std::size_t i = 0; i < second.tod_K.size(); ++i) second.tod_K[i] = 2.0F * second.tod_K[i] + 0.5F;
  scans.data.streams.push_back(second);
  return scans;
}

DestriperSettings settings_of(const test::CrossingScans& scans) {
  DestriperSettings settings;
  settings.n_pixels = scans.n_pixels;
  settings.n_columns = scans.n_columns;
  settings.offset_length = kOffsetLength;
  settings.threshold = 1e-10;
  return settings;
}

/// The map of the segments with one label, made alone.
MapPiece map_alone(test::CrossingScans scans, std::size_t stream, const std::vector<int>& labels, int label) {
  scans.data.streams = {scans.data.streams[stream]};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != label) scans.data.streams[0].weight_per_K2[i] = 0.0;
  }
  return test::destripe_one(scans.data, settings_of(scans), SerialCommunicator()).map;
}

void expect_same(const MapPiece& map, const MapPiece& expected) {
  ASSERT_EQ(map.pixel, expected.pixel);
  ASSERT_GT(map.pixel.size(), 100U);
  EXPECT_EQ(map.hits, expected.hits);
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    ASSERT_NEAR(map.destriped_K[i], expected.destriped_K[i], 1e-7);
    ASSERT_NEAR(map.naive_K[i], expected.naive_K[i], 1e-12);
    ASSERT_NEAR(map.weight_per_K2[i], expected.weight_per_K2[i], 1e-9 * expected.weight_per_K2[i]);
  }
}

// Labels 0 and 2 have data, 1 has none, and one segment is in no map.
TEST(SplitSolve, EveryLabelGetsTheMapThatItsSegmentsGiveAlone) {
  test::CrossingScans scans = problem();
  const std::vector<int> labels = {0, 0, 2, 2, 0, 0, 2, -1};
  const LargeVector<std::int32_t> pixel = scans.data.pixel;
  const auto maps = solve_labels(scans.data, labels, 3, settings_of(scans), SerialCommunicator(), AfterSolve::keep);
  EXPECT_EQ(scans.data.pixel, pixel) << "the data must be as before";
  ASSERT_EQ(maps.size(), 2U);
  for (std::size_t stream = 0; stream < 2; ++stream) {
    ASSERT_EQ(maps[stream].size(), 3U);
    EXPECT_TRUE(maps[stream][0].report.converged);
    expect_same(maps[stream][0].map, map_alone(scans, stream, labels, 0));
    EXPECT_TRUE(maps[stream][1].map.pixel.empty());
    expect_same(maps[stream][2].map, map_alone(scans, stream, labels, 2));
  }
}

// A map of 1.2e9 pixels leaves no room for two.
TEST(SplitSolve, TakesAsManyLabelsAtATimeAsPixelNumbersAllow) {
  test::CrossingScans scans = problem();
  const std::vector<int> labels = {0, 0, 1, 1, 0, 0, 1, 1};
  const auto expected = solve_labels(scans.data, labels, 2, settings_of(scans), SerialCommunicator(), AfterSolve::keep);
  DestriperSettings settings = settings_of(scans);
  settings.n_pixels = 1'200'000'000 / scans.n_columns * scans.n_columns;
  const auto maps = solve_labels(scans.data, labels, 2, settings, SerialCommunicator(), AfterSolve::release);
  for (std::size_t label = 0; label < 2; ++label) expect_same(maps[1][label].map, expected[1][label].map);
  EXPECT_TRUE(scans.data.pixel.empty());
}

}  // namespace
}  // namespace comap
