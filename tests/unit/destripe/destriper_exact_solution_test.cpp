// The exact solutions of tests/data/tiny_exact.h5, made by an independent numpy program with dense matrices; its `doc`
// attribute has the equations and says how to compare.
#include <gtest/gtest.h>

#include <cmath>

#include "destripe/destriper.hpp"
#include "io/hdf5/h5.hpp"
#include "support/destriper_problem.hpp"

namespace comap {
namespace {

struct ExactProblem {
  DestriperData data;
  DestriperSettings settings;
  std::vector<double> offsets_K;
  std::vector<double> map_K;
  std::vector<double> weight_per_K2;
  std::vector<std::int32_t> hits;
};

template <typename T>
void assign(LargeVector<T>& to, const std::vector<T>& from) {
  to.assign(from.begin(), from.end());
}

ExactProblem read_problem(const std::string& group) {
  const h5::File file = h5::File::open_read(COMAP_TEST_DATA "/tiny_exact.h5");
  ExactProblem problem;
  assign(problem.data.pixel, file.read<std::int32_t>(group + "/pix"));
  assign(problem.data.streams.emplace_back().tod_K, file.read<float>(group + "/tod"));
  // Weights change within some segments of these problems: all of the weight goes into the factor.
  assign(problem.data.weight_factor, file.read<float>(group + "/wgt"));
  const auto edges = file.read<std::int64_t>(group + "/segments");
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    problem.data.segments.push_back({edges[i], edges[i + 1] - edges[i]});
    problem.data.streams[0].weight_per_K2.push_back(1.0);
  }
  problem.settings.n_columns = static_cast<std::int64_t>(*h5::to_number(*file.attribute("/", "nx")));
  problem.settings.n_pixels =
      problem.settings.n_columns * static_cast<std::int64_t>(*h5::to_number(*file.attribute("/", "ny")));
  problem.settings.offset_length = static_cast<int>(*h5::to_number(*file.attribute(group, "L")));
  problem.settings.threshold = 1e-13;
  problem.offsets_K = file.read<double>(group + "/offsets");
  problem.map_K = file.read<double>(group + "/map");
  problem.weight_per_K2 = file.read<double>(group + "/weight_map");
  problem.hits = file.read<std::int32_t>(group + "/hits");
  return problem;
}

double rms_of_finite(const std::vector<double>& values) {
  double square = 0.0;
  double n = 0.0;
  double mean = 0.0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    mean += value;
    n += 1.0;
  }
  mean /= n;
  for (const double value : values) {
    if (std::isfinite(value)) square += (value - mean) * (value - mean);
  }
  return std::sqrt(square / n);
}

class ExactSolution : public testing::TestWithParam<const char*> {};

TEST_P(ExactSolution, IsReached) {
  const ExactProblem exact = read_problem(GetParam());
  const DestriperResult result = test::destripe_one(exact.data, exact.settings, SerialCommunicator());
  EXPECT_TRUE(result.report.converged) << to_text(result.report.reason);
  EXPECT_EQ(result.report.n_components, 1);

  const double tolerance = 1e-8 * rms_of_finite(exact.map_K);
  ASSERT_EQ(result.offsets_K.size(), exact.offsets_K.size());
  double constant = 0.0;
  double n = 0.0;
  for (std::size_t i = 0; i < exact.offsets_K.size(); ++i) {
    if (exact.offsets_K[i] == 0.0) continue;  // without data
    constant += result.offsets_K[i] - exact.offsets_K[i];
    n += 1.0;
  }
  constant /= n;
  EXPECT_EQ(result.report.n_offsets_without_data, static_cast<std::int64_t>(exact.offsets_K.size()) - std::llround(n));
  for (std::size_t i = 0; i < exact.offsets_K.size(); ++i) {
    const double expected = exact.offsets_K[i] == 0.0 ? 0.0 : exact.offsets_K[i] + constant;
    EXPECT_NEAR(result.offsets_K[i], expected, tolerance) << "offset " << i;
  }

  std::size_t next = 0;
  for (std::size_t pixel = 0; pixel < exact.map_K.size(); ++pixel) {
    if (exact.hits[pixel] == 0) continue;
    ASSERT_LT(next, result.map.pixel.size());
    ASSERT_EQ(result.map.pixel[next], static_cast<std::int64_t>(pixel));
    EXPECT_EQ(result.map.hits[next], exact.hits[pixel]);
    EXPECT_NEAR(result.map.weight_per_K2[next], exact.weight_per_K2[pixel], 1e-12 * exact.weight_per_K2[pixel]);
    EXPECT_NEAR(result.map.destriped_K[next] + constant, exact.map_K[pixel], tolerance) << "pixel " << pixel;
    ++next;
  }
  EXPECT_EQ(next, result.map.pixel.size());
}

INSTANTIATE_TEST_SUITE_P(TinyExact, ExactSolution, testing::Values("plain_L100", "plain_L50", "flagged_L100"),
                         [](const auto& problem) { return std::string(problem.param); });

// The first two problems have one weight in each segment, which is how the program uses the solver.
TEST(ExactSolutionWithSegmentWeights, EqualsThatWithSampleWeights) {
  ExactProblem exact = read_problem("plain_L100");
  const DestriperResult by_sample = test::destripe_one(exact.data, exact.settings, SerialCommunicator());
  for (std::size_t s = 0; s < exact.data.segments.size(); ++s) {
    const auto first = static_cast<std::size_t>(exact.data.segments[s].start);
    exact.data.streams[0].weight_per_K2[s] = exact.data.weight_factor[first];
  }
  exact.data.weight_factor.clear();
  const DestriperResult by_segment = test::destripe_one(exact.data, exact.settings, SerialCommunicator());
  const double tolerance = 1e-10 * rms_of_finite(exact.map_K);
  ASSERT_EQ(by_segment.map.pixel, by_sample.map.pixel);
  for (std::size_t i = 0; i < by_sample.map.pixel.size(); ++i) {
    EXPECT_NEAR(by_segment.map.destriped_K[i], by_sample.map.destriped_K[i], tolerance);
  }
}

}  // namespace
}  // namespace comap
