#include "destripe/destriper.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <random>
#include <utility>

#include "core/error.hpp"
#include "support/dense_destriper.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

using test::add_airmass;
using test::add_noise;
using test::add_offsets;
using test::crossing_scans;
using test::DenseSolution;
using test::destripe_one;

DestriperSettings settings_of(const test::CrossingScans& scans, int offset_length) {
  DestriperSettings settings;
  settings.n_pixels = scans.n_pixels;
  settings.n_columns = scans.n_columns;
  settings.offset_length = offset_length;
  settings.threshold = 1e-13;
  return settings;
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double largest_deviation(const std::vector<double>& values) {
  const double level = mean(values);
  double largest = 0.0;
  for (const double value : values) largest = std::max(largest, std::abs(value - level));
  return largest;
}

TEST(Destriper, PureOffsetsLeaveAnEmptyMap) {
  test::CrossingScans scans = crossing_scans(6, 990);
  add_offsets(scans.data, 50, 3.0);
  const DestriperResult result = destripe_one(scans.data, settings_of(scans, 50), SerialCommunicator());
  EXPECT_TRUE(result.report.converged);
  EXPECT_GT(largest_deviation(result.map.naive_K), 0.1);
  EXPECT_LT(largest_deviation(result.map.destriped_K), 1e-6);  // float32 data of a few K
}

TEST(Destriper, OffsetsAndAirmassLeaveAnEmptyMapAndTheAmplitudesComeBack) {
  test::CrossingScans scans = crossing_scans(8, 990);
  add_offsets(scans.data, 50, 1.0);
  const std::vector<double> amplitudes = add_airmass(scans.data, 0.7);
  const DestriperResult result = destripe_one(scans.data, settings_of(scans, 50), SerialCommunicator());
  EXPECT_TRUE(result.report.converged);
  EXPECT_LT(largest_deviation(result.map.destriped_K), 1e-6);
  ASSERT_EQ(result.airmass_K.size(), amplitudes.size());
  // A gradient common to all scans could be sky as well as airmass: only differences are known that well.
  for (std::size_t i = 0; i < amplitudes.size(); ++i) EXPECT_NEAR(result.airmass_K[i], amplitudes[i], 1e-3) << i;
}

// The template varies by 1e-4 of itself within an offset: almost a sum of offsets.
TEST(Destriper, AnAirmassThatIsNearlyASumOfOffsetsConverges) {
  test::CrossingScans scans = crossing_scans(8, 1000);
  add_offsets(scans.data, 10, 1.0);
  add_airmass(scans.data, 0.7);
  add_noise(scans.data, 0.01);
  DestriperSettings settings = settings_of(scans, 10);
  settings.threshold = 1e-10;
  const DestriperResult with = destripe_one(scans.data, settings, SerialCommunicator());
  for (DestriperSegment& segment : scans.data.segments) segment.fits_airmass = false;
  const DestriperResult without = destripe_one(scans.data, settings, SerialCommunicator());
  EXPECT_TRUE(with.report.converged);
  EXPECT_LT(with.report.iterations, 2 * without.report.iterations);
}

TEST(Destriper, AConstantTemplateHasNoAmplitude) {
  test::CrossingScans scans = crossing_scans(4, 500);
  add_noise(scans.data, 0.01);
  const DestriperResult without = destripe_one(scans.data, settings_of(scans, 50), SerialCommunicator());
  scans.data.airmass.assign(scans.data.pixel.size(), 0.3F);
  for (DestriperSegment& segment : scans.data.segments) segment.fits_airmass = true;
  const DestriperResult with = destripe_one(scans.data, settings_of(scans, 50), SerialCommunicator());
  for (const double amplitude : with.airmass_K) EXPECT_EQ(amplitude, 0.0);
  for (std::size_t i = 0; i < with.offsets_K.size(); ++i) EXPECT_NEAR(with.offsets_K[i], without.offsets_K[i], 1e-12);
}

void expect_map(const MapPiece& map, const DenseSolution& dense, double tolerance_K) {
  ASSERT_EQ(map.pixel.size(), dense.map_K.size());
  double constant = 0.0;
  for (std::size_t i = 0; i < map.pixel.size(); ++i) constant += map.destriped_K[i] - dense.map_K.at(map.pixel[i]);
  constant /= static_cast<double>(map.pixel.size());
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    EXPECT_NEAR(map.destriped_K[i] - constant, dense.map_K.at(map.pixel[i]), tolerance_K) << "pixel " << map.pixel[i];
  }
}

test::CrossingScans noisy_scans() {
  test::CrossingScans scans = crossing_scans(6, 205);
  add_offsets(scans.data, 20, 1.0);
  add_airmass(scans.data, 0.5);
  add_noise(scans.data, 0.05);
  return scans;
}

class Regularised : public testing::TestWithParam<std::array<double, 3>> {};

TEST_P(Regularised, EqualsTheDenseSolution) {
  const test::CrossingScans scans = noisy_scans();
  DestriperSettings settings = settings_of(scans, 20);
  std::tie(settings.lambda_ridge, settings.alpha_grad, settings.alpha_curv) =
      std::tuple(GetParam()[0], GetParam()[1], GetParam()[2]);
  const DestriperResult result = destripe_one(scans.data, settings, SerialCommunicator());
  EXPECT_TRUE(result.report.converged) << to_text(result.report.reason);
  const DenseSolution dense = test::solve_dense(scans.data, settings);
  expect_map(result.map, dense, 1e-7);  // templates are float32
  for (std::size_t i = 0; i < result.airmass_K.size(); ++i) {
    EXPECT_NEAR(result.airmass_K[i], dense.amplitudes[static_cast<Eigen::Index>(i)], 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Terms, Regularised,
                         testing::Values(std::array{0.0, 0.0, 0.0}, std::array{0.3, 0.0, 0.0},
                                         std::array{1e-3, 2.0, 0.0}, std::array{1e-3, 0.0, 5.0},
                                         std::array{0.1, 0.4, 0.7}));

// Segment 3 has no prior; the last offset of each segment is short.
TEST(Destriper, PriorOnTheOffsetsEqualsTheDenseSolution) {
  test::CrossingScans scans = noisy_scans();
  auto& prior_variance_K2 = scans.data.streams[0].prior_variance_K2;
  prior_variance_K2.resize(scans.data.segments.size());
  for (std::size_t s = 0; s < prior_variance_K2.size(); ++s) {
    if (s == 3) continue;
    for (int k = 0; k < 11; ++k) {
      prior_variance_K2[s].push_back(0.3 * std::pow(k + 0.5, -1.7) * (1.0 + 0.1 * static_cast<double>(s)));
    }
  }
  const DestriperResult result = destripe_one(scans.data, settings_of(scans, 20), SerialCommunicator());
  EXPECT_TRUE(result.report.converged) << to_text(result.report.reason);
  expect_map(result.map, test::solve_dense(scans.data, settings_of(scans, 20)), 1e-7);
}

// Segment 2 has no template: the templates of its neighbours must not reach it.
TEST(Destriper, TemplatesOfSomeSegmentsOnly) {
  test::CrossingScans scans = noisy_scans();
  scans.data.segments[2].fits_airmass = false;
  const DestriperSettings settings = settings_of(scans, 20);
  const DestriperResult result = destripe_one(scans.data, settings, SerialCommunicator());
  EXPECT_EQ(result.airmass_K[2], 0.0);
  expect_map(result.map, test::solve_dense(scans.data, settings), 1e-7);
}

// Structure inside pixels that is known leaves no trace in the offsets, and stays in the map.
TEST(Destriper, StructureInsidePixelsIsKeptFromTheOffsets) {
  test::CrossingScans scans = noisy_scans();
  const DestriperSettings settings = settings_of(scans, 20);
  const DestriperResult without = destripe_one(scans.data, settings, SerialCommunicator());
  test::CrossingScans with = scans;
  for (std::size_t i = 0; i < with.data.streams[0].tod_K.size(); ++i) {
    with.data.streams[0].subpixel_K.push_back(0.25F * static_cast<float>(std::sin(0.37 * static_cast<double>(i))));
    with.data.streams[0].tod_K[i] += with.data.streams[0].subpixel_K[i];
  }
  const DestriperResult result = destripe_one(with.data, settings, SerialCommunicator());
  for (std::size_t i = 0; i < result.offsets_K.size(); ++i) {
    EXPECT_NEAR(result.offsets_K[i], without.offsets_K[i], 1e-6) << i;
  }
  double largest = 0.0;
  for (std::size_t i = 0; i < result.map.pixel.size(); ++i) {
    const double structure_K = result.map.naive_K[i] - without.map.naive_K[i];
    EXPECT_NEAR(result.map.destriped_K[i] - without.map.destriped_K[i], structure_K, 1e-6);
    largest = std::max(largest, std::abs(structure_K));
  }
  EXPECT_GT(largest, 0.05);
}

TEST(Destriper, BrightSkyIsWeightedDownInTheSolverOnly) {
  test::CrossingScans scans = noisy_scans();
  const DestriperSettings settings = settings_of(scans, 20);
  const DestriperResult plain = destripe_one(scans.data, settings, SerialCommunicator());
  for (std::size_t i = 0; i < scans.data.pixel.size(); ++i) {
    scans.data.solver_factor.push_back(scans.data.pixel[i] % 7 == 0 ? 0.1F : 1.0F);
  }
  const DestriperResult result = destripe_one(scans.data, settings, SerialCommunicator());
  expect_map(result.map, test::solve_dense(scans.data, settings), 1e-7);
  EXPECT_EQ(result.map.weight_per_K2, plain.map.weight_per_K2);
  EXPECT_EQ(result.map.hits, plain.map.hits);
  EXPECT_EQ(result.map.naive_K, plain.map.naive_K);
  EXPECT_NE(result.map.destriped_K, plain.map.destriped_K);
}

TEST(Destriper, CountsComponentsAndOffsetsWithoutData) {
  // Two pairs of scans over disjoint pixels, a fifth scan alone, and one offset flagged.
  DestriperData data;
  DestriperStream& stream = data.streams.emplace_back();
  const auto add = [&](std::int32_t first_pixel) {
    data.segments.push_back({static_cast<std::int64_t>(data.pixel.size()), 100});
    stream.weight_per_K2.push_back(1.0);
    for (std::int32_t i = 0; i < 100; ++i) {
      data.pixel.push_back(first_pixel + i % 10);
      stream.tod_K.push_back(static_cast<float>(std::sin(0.7 * i + first_pixel)));
    }
  };
  for (const std::int32_t first_pixel : {0, 5, 30, 35, 80}) add(first_pixel);
  for (std::size_t i = 20; i < 40; ++i) data.pixel[i] = -1;
  for (std::size_t i = 140; i < 160; ++i) stream.tod_K[i] = std::numeric_limits<float>::quiet_NaN();
  DestriperSettings settings;
  settings.n_pixels = 100;
  settings.offset_length = 20;
  const DestriperResult result = destripe_one(data, settings, SerialCommunicator());
  EXPECT_EQ(result.report.n_components, 3);
  EXPECT_EQ(result.report.n_offsets, 25);
  EXPECT_EQ(result.report.n_offsets_without_data, 2);
  EXPECT_EQ(result.offsets_K[1], 0.0);
  EXPECT_EQ(result.offsets_K[7], 0.0);
  EXPECT_EQ(std::accumulate(result.map.hits.begin(), result.map.hits.end(), 0.0), 460.0);
  // Nothing says what the level of a component is: it is that of the segment means.
  for (const auto& [first, last] : {std::pair{0, 30}, std::pair{30, 80}, std::pair{80, 100}}) {
    double level = 0.0, weight = 0.0;
    for (std::size_t i = 0; i < result.map.pixel.size(); ++i) {
      if (result.map.pixel[i] < first || result.map.pixel[i] >= last) continue;
      level += result.map.weight_per_K2[i] * result.map.destriped_K[i];
      weight += result.map.weight_per_K2[i];
    }
    EXPECT_NEAR(level / weight, 0.0, 1e-12) << first;
  }
}

// Scans along rows and columns of a field whose rim no other feed sees: offsets there follow the sky.
TEST(Destriper, BadlyCoveredRimCostsFewIterations) {
  constexpr std::int32_t kColumns = 120, kRows = 100, kOffset = 50;
  DestriperData data;
  DestriperStream& stream = data.streams.emplace_back();
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  const auto add = [&](auto pixel_of) {
    data.segments.push_back({static_cast<std::int64_t>(data.pixel.size()), 4 * kOffset});
    stream.weight_per_K2.push_back(1.0);
    for (std::int32_t i = 0; i < 4 * kOffset; ++i) {
      data.pixel.push_back(pixel_of(i));
      stream.tod_K.push_back(normal(random) + static_cast<float>(i / kOffset));
    }
  };
  // Forth and back on neighbouring rows (columns) of the middle, which every row (column) crosses; out to the rim.
  for (std::int32_t n = 20; n < 80; ++n) {
    add([n](std::int32_t i) { return n * kColumns + (i < 100 ? i : 199 - i); });
    add([n](std::int32_t i) { return (i < 100 ? i : 199 - i) * kColumns + n; });
  }
  DestriperSettings settings;
  settings.n_pixels = kColumns * kRows;
  settings.n_columns = kColumns;
  settings.offset_length = kOffset;
  const DestriperResult result = destripe_one(data, settings, SerialCommunicator());
  EXPECT_TRUE(result.report.converged);
  EXPECT_LE(result.report.iterations, 5);
}

TEST(Destriper, SamplesWithoutSolverWeightInAWholeOffsetStayOut) {
  test::CrossingScans scans = crossing_scans(4, 200);
  add_noise(scans.data, 0.1);
  scans.data.solver_factor.assign(scans.data.pixel.size(), 1.0F);
  const std::size_t n_valid = static_cast<std::size_t>(
      std::count_if(scans.data.pixel.begin(), scans.data.pixel.end(), [](std::int32_t p) { return p >= 0; }));
  std::size_t n_lost = 0;
  for (std::size_t i = 40; i < 60; ++i) {
    scans.data.solver_factor[i] = 0.0F;
    n_lost += scans.data.pixel[i] >= 0;
  }
  const DestriperResult result = destripe_one(scans.data, settings_of(scans, 20), SerialCommunicator());
  EXPECT_EQ(std::accumulate(result.map.hits.begin(), result.map.hits.end(), 0.0),
            static_cast<double>(n_valid - n_lost));
}

TEST(Destriper, TakingTheDataOverGivesTheSameBits) {
  test::CrossingScans scans = noisy_scans();
  const DestriperSettings settings = settings_of(scans, 20);
  const DestriperResult kept = destripe(std::as_const(scans.data), settings, SerialCommunicator()).front();
  const DestriperResult taken = destripe(std::move(scans.data), settings, SerialCommunicator()).front();
  EXPECT_EQ(kept.map.destriped_K, taken.map.destriped_K);
  EXPECT_EQ(kept.offsets_K, taken.offsets_K);
  EXPECT_LT(taken.report.solver_bytes_per_sample, kept.report.solver_bytes_per_sample);
}

TEST(Destriper, StopsAtTheLastIterationAndSaysSo) {
  const test::CrossingScans scans = noisy_scans();
  DestriperSettings settings = settings_of(scans, 20);
  settings.max_iterations = 3;
  const DestriperResult result = destripe_one(scans.data, settings, SerialCommunicator());
  EXPECT_FALSE(result.report.converged);
  EXPECT_EQ(result.report.reason, StopReason::max_iterations);
  EXPECT_EQ(result.report.iterations, 3);
  EXPECT_GT(result.report.relative_residual, settings.threshold);
}

TEST(Destriper, NoDataIsNoError) {
  DestriperSettings settings;
  settings.n_pixels = 10;
  DestriperData nothing;
  nothing.streams.emplace_back();
  const DestriperResult result = destripe_one(nothing, settings, SerialCommunicator());
  EXPECT_EQ(result.report.reason, StopReason::nothing_to_solve);
  EXPECT_TRUE(result.map.pixel.empty());
}

TEST(Destriper, ArraysThatDoNotFitAreBugs) {
  test::CrossingScans scans = crossing_scans(2, 100);
  const DestriperSettings settings = settings_of(scans, 20);
  DestriperData shorter = scans.data;
  shorter.streams[0].tod_K.pop_back();
  EXPECT_THROW(destripe_one(shorter, settings, SerialCommunicator()), Bug);
  DestriperData beyond = scans.data;
  beyond.segments.back().n_samples += 1;
  EXPECT_THROW(destripe_one(beyond, settings, SerialCommunicator()), Bug);
  DestriperData outside = scans.data;
  outside.pixel[10] = static_cast<std::int32_t>(settings.n_pixels);
  EXPECT_THROW(destripe_one(outside, settings, SerialCommunicator()), Bug);
}

}  // namespace
}  // namespace comap
