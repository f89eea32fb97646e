#include "destripe/scatter_gather.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "destripe/run_maker.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

struct Fixture {
  test::CrossingScans scans;
  DestriperSettings settings;
  PixelNumbering numbering{1, 0};
  PixelRuns runs;
  SampleSums sums;
};

Fixture make_fixture(bool airmass, bool factors) {
  Fixture fixture{test::crossing_scans(5, 333), {}, PixelNumbering{1, 0}, {}, {}};
  if (airmass) test::add_airmass(fixture.scans.data, 1.0);
  if (factors) {
    for (std::size_t i = 0; i < fixture.scans.data.pixel.size(); ++i) {
      fixture.scans.data.weight_factor.push_back(i % 11 == 0 ? 0.0F : 1.0F + static_cast<float>(i % 3));
      fixture.scans.data.solver_factor.push_back(i % 5 == 0 ? 0.1F : 1.0F);
    }
  }
  fixture.settings.n_pixels = fixture.scans.n_pixels;
  fixture.settings.n_columns = fixture.scans.n_columns;
  fixture.settings.offset_length = 40;
  fixture.numbering = number_pixels(fixture.scans.data, fixture.settings);
  fixture.runs = make_pixel_runs(fixture.scans.data, fixture.scans.data.streams, fixture.settings, fixture.numbering,
                                 fixture.sums);
  return fixture;
}

SegmentUnknowns unknowns_of(const PixelRuns& runs, std::size_t part, std::span<double> offsets,
                            std::span<double> amplitudes) {
  const std::size_t segment = runs.parts[part].segment;
  return {offsets.subspan(runs.layout.first_offset[segment], runs.layout.n_offsets(segment)),
          amplitudes.subspan(segment, 1)};
}

void scatter_all(const PixelRuns& runs, Weighting weighting, std::vector<double> offsets,
                 std::vector<double> amplitudes, std::span<double> map) {
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    scatter_part(runs, part, weighting, unknowns_of(runs, part, offsets, amplitudes), map);
  }
}

std::vector<double> random_vector(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(n);
  for (double& value : values) value = normal(random);
  return values;
}

double product(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

/// P^T W F a sample by sample.
std::vector<double> scatter_samples(const Fixture& fixture, Weighting weighting, const std::vector<double>& offsets) {
  const DestriperData& data = fixture.scans.data;
  std::vector<double> map(static_cast<std::size_t>(fixture.numbering.size()), 0.0);
  std::size_t first_offset = 0;
  for (std::size_t s = 0; s < data.segments.size(); ++s) {
    const DestriperSegment& segment = data.segments[s];
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      const auto sample = static_cast<std::size_t>(segment.start + i);
      if (data.pixel[sample] < 0) continue;
      double weight = data.streams[0].weight_per_K2[s];
      if (!data.weight_factor.empty()) weight *= data.weight_factor[sample];
      if (!data.solver_factor.empty() && weighting == Weighting::solver) weight *= data.solver_factor[sample];
      const auto pixel = static_cast<std::size_t>(fixture.numbering.local(data.pixel[sample]));
      map[pixel] += weight * offsets[first_offset + static_cast<std::size_t>(i) / 40];
    }
    first_offset += static_cast<std::size_t>((segment.n_samples + 39) / 40);
  }
  return map;
}

using Variant = std::tuple<bool, bool>;  // airmass, factors

class ScatterGather : public testing::TestWithParam<Variant> {};

TEST_P(ScatterGather, ScatterIsTheSumOverSamples) {
  const Fixture fixture = make_fixture(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const std::vector<double> offsets = random_vector(fixture.runs.layout.n_offsets(), 3);
  const std::vector<double> amplitudes(fixture.runs.layout.n_segments(), 0.0);
  for (const Weighting weighting : {Weighting::solver, Weighting::map}) {
    std::vector<double> map(static_cast<std::size_t>(fixture.numbering.size()), 0.0);
    scatter_all(fixture.runs, weighting, offsets, amplitudes, map);
    const std::vector<double> expected = scatter_samples(fixture, weighting, offsets);
    for (std::size_t i = 0; i < map.size(); ++i) EXPECT_NEAR(map[i], expected[i], 1e-4) << i;  // 0.1F is no 0.1
  }
}

TEST_P(ScatterGather, GatherIsTheAdjointOfScatter) {
  const Fixture fixture = make_fixture(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const std::size_t n_offsets = fixture.runs.layout.n_offsets();
  const std::size_t n_segments = fixture.runs.layout.n_segments();
  const std::vector<double> offsets = random_vector(n_offsets, 4);
  const std::vector<double> amplitudes = random_vector(n_segments, 5);
  const std::vector<double> map = random_vector(static_cast<std::size_t>(fixture.numbering.size()), 6);
  for (const Weighting weighting : {Weighting::solver, Weighting::map}) {
    std::vector<double> scattered(map.size(), 0.0);
    scatter_all(fixture.runs, weighting, offsets, amplitudes, scattered);
    std::vector<double> gathered_offsets(n_offsets), gathered_amplitudes(n_segments);
    for (std::size_t part = 0; part < fixture.runs.parts.size(); ++part) {
      gather_part(fixture.runs, part, weighting, map,
                  unknowns_of(fixture.runs, part, gathered_offsets, gathered_amplitudes));
    }
    const double left = product(scattered, map);
    EXPECT_NEAR(left, product(offsets, gathered_offsets) + product(amplitudes, gathered_amplitudes),
                1e-11 * std::abs(left));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, ScatterGather, testing::Combine(testing::Bool(), testing::Bool()));

TEST(PixelRuns, HoldEveryGoodSampleOnce) {
  const Fixture fixture = make_fixture(false, false);
  double samples = 0.0;
  for (const std::uint32_t run : fixture.runs.run) samples += run >> fixture.runs.pixel_bits;
  double expected = 0.0;
  for (const std::int32_t pixel : fixture.scans.data.pixel) expected += pixel >= 0;
  EXPECT_EQ(samples, expected);
  EXPECT_LT(fixture.runs.run.size(), fixture.scans.data.pixel.size());
}

// 31 bits of pixel leave a run one bit for its length: long stays in one pixel become several runs.
TEST(PixelRuns, LongStaysAreCut) {
  DestriperData data;
  data.segments.push_back({0, 1000});
  data.pixel.assign(1000, 0);
  std::vector<std::int32_t> many;
  for (std::int32_t pixel = 0; pixel < (1 << 24); ++pixel) many.push_back(pixel);
  data.segments.push_back({1000, static_cast<std::int64_t>(many.size())});
  data.pixel.insert(data.pixel.end(), many.begin(), many.end());
  data.streams.push_back({LargeVector<float>(data.pixel.size(), 1.0F), {1.0, 1.0}});
  DestriperSettings settings;
  settings.n_pixels = 1 << 24;
  settings.offset_length = 100000;
  const PixelNumbering numbering = number_pixels(data, settings);
  SampleSums sums;
  const PixelRuns runs = make_pixel_runs(data, data.streams, settings, numbering, sums);
  EXPECT_EQ(runs.pixel_bits, 24U);
  EXPECT_EQ(runs.n_runs.front(), 4U);  // 255 samples at most
  EXPECT_EQ(sums.hits.front(), 1001.0);
}

TEST(PixelNumbering, NumbersEveryHitPixelOnceAndBack) {
  for (const std::int64_t n_columns : {0, 1, 7, 30, 600}) {
    PixelNumbering numbering(600, n_columns);
    for (std::int32_t pixel = 0; pixel < 600; pixel += 3) numbering.mark(pixel);
    numbering.mark(599);
    numbering.mark(3);
    numbering.finish();
    ASSERT_EQ(numbering.size(), 201);
    const std::vector<std::int32_t> pixels = numbering.map_pixels();
    ASSERT_EQ(pixels.size(), 201U);
    for (std::int32_t i = 0; i < 201; ++i) {
      EXPECT_EQ(numbering.local(pixels[static_cast<std::size_t>(i)]), i);
      EXPECT_TRUE(pixels[static_cast<std::size_t>(i)] % 3 == 0 || pixels[static_cast<std::size_t>(i)] == 599);
    }
  }
}

// Rows are found by multiplication with the inverse of their length: check at the ends of rows of a large map.
TEST(PixelNumbering, FindsRowsOfALargeMap) {
  constexpr std::int64_t kColumns = 43201, kRows = 21601;
  PixelNumbering numbering(kColumns * kRows, kColumns);
  std::vector<std::int32_t> expected;
  for (std::int64_t row = 0; row < kRows; row += 400) {
    for (const std::int64_t column : {std::int64_t{0}, kColumns - 1}) {
      expected.push_back(static_cast<std::int32_t>(row * kColumns + column));
      numbering.mark(expected.back());
    }
  }
  numbering.finish();
  std::vector<std::int32_t> pixels = numbering.map_pixels();
  std::sort(pixels.begin(), pixels.end());
  EXPECT_EQ(pixels, expected);
}

}  // namespace
}  // namespace comap
