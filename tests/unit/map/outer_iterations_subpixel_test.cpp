#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "destripe/destriper.hpp"
#include "map/outer_iterations.hpp"
#include "map/solve_passes.hpp"
#include "support/dense_destriper.hpp"
#include "support/sky_square.hpp"

// Outer iterations with a prior map and the sub-pixel pass together, against dense matrices, the sum over all pairs of
// pixels for the smoothing, and the basis functions of the spline.
namespace comap {
namespace {

constexpr std::int64_t kSide = 10;  // pixels
constexpr double kPixel_deg = 0.05;
constexpr int kPasses = 4, kSamplesInPixel = 5;
constexpr int kOffsetLength = 10;
constexpr double kAlpha = 0.6;
constexpr double kSmoothing_deg = 0.25;
constexpr int kSolves = 3;

MapGrid grid() { return test::square_grid(kSide, kPixel_deg); }

/// A source two pixels wide on a gradient across the rows.
double sky_K(double x, double y) {
  const double square = (x - 5.2) * (x - 5.2) + (y - 6.3) * (y - 6.3);
  return 0.5 * std::exp(-0.5 * square / 4.0) + 0.003 * y;
}

/// Every row is a scan to and fro, a little above and below its middle: nothing ties the rows together.
LoadedBands rows() {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  LoadedBands bands;
  bands.frequency_bands = {0};
  bands.data.streams.resize(1);
  bands.segments.resize(1);
  DestriperStream& stream = bands.data.streams[0];
  constexpr std::int64_t kPass = kSide * kSamplesInPixel;
  for (std::int64_t row = 0; row < kSide; ++row) {
    bands.data.segments.push_back({std::ssize(stream.tod_K), kPasses * kPass});
    stream.weight_per_K2.push_back(1e4 * (1.0 + static_cast<double>(row % 3)));
    auto& variance = stream.prior_variance_K2.emplace_back();
    for (int mode = 0; mode < kPasses * kPass / kOffsetLength; ++mode)
      variance.push_back(std::pow(0.3 / (1 + mode), 2));
    double level_K = normal(random);
    for (std::int64_t i = 0; i < kPasses * kPass; ++i) {
      if (i % kOffsetLength == 0) level_K += 0.02 * normal(random);
      const std::int64_t pass = i / kPass, along = pass % 2 == 0 ? i % kPass : kPass - 1 - i % kPass;
      const double x = (static_cast<double>(along) + 0.5) / kSamplesInPixel - 0.5,
                   y = 0.2 * static_cast<double>(pass) - 0.3;
      const auto column = static_cast<std::int64_t>(std::floor(x + 0.5));
      const WithinPixel within = {
          static_cast<std::int8_t>(std::lround((x - static_cast<double>(column)) * kSubpixelSteps)),
          static_cast<std::int8_t>(std::lround(y * kSubpixelSteps))};
      bands.within_pixel.push_back(within);
      bands.data.pixel.push_back(static_cast<std::int32_t>(row * kSide + column));
      stream.tod_K.push_back(
          static_cast<float>(level_K + sky_K(static_cast<double>(column) + within[0] / kSubpixelSteps,
                                             static_cast<double>(row) + within[1] / kSubpixelSteps)));
    }
  }
  return bands;
}

/// Falls across the rows where the data's sky rises, written and read again.
HealpixSky prior_map() {
  return test::healpix_square("outer_subpixel_prior.fits", 1024, 0.5,
                              [](const SkyPosition& at) { return -0.1 * at.latitude_deg; });
}

/// By pixel: the data minus the offsets that dense matrices give for the data minus `taken_K` [sample].
std::vector<double> dense_map(const LoadedBands& bands, const std::vector<double>& taken_K,
                              const DestriperSettings& settings) {
  DestriperData data = bands.data;
  LargeVector<float>& tod_K = data.streams[0].tod_K;
  for (std::size_t i = 0; i < tod_K.size(); ++i) tod_K[i] -= static_cast<float>(taken_K[i]);
  const test::DenseSolution solution = test::solve_dense(data, settings);
  std::vector<double> sum(kSide * kSide), n(kSide * kSide);
  Eigen::Index offset = 0;
  for (const DestriperSegment& segment : data.segments) {
    const auto* first = tod_K.data() + segment.start;
    const double mean_K =
        std::accumulate(first, first + segment.n_samples, 0.0) / static_cast<double>(segment.n_samples);
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      const auto sample = static_cast<std::size_t>(segment.start + i);
      const auto pixel = static_cast<std::size_t>(data.pixel[sample]);
      sum[pixel] += bands.data.streams[0].tod_K[sample] - mean_K - solution.offsets[offset + i / kOffsetLength];
      n[pixel] += 1.0;
    }
    offset += segment.n_samples / kOffsetLength;
  }
  std::ranges::transform(sum, n, sum.begin(), std::divides<>());
  return sum;
}

/// Of the quadratic B-spline.
double basis(double t) {
  const double u = std::abs(t);
  return u < 0.5 ? 0.75 - u * u : u < 1.5 ? 0.5 * (1.5 - u) * (1.5 - u) : 0.0;
}

double spline_K(const std::vector<double>& map_K, std::int64_t column, std::int64_t row, double x, double y) {
  double sum = 0.0;
  for (std::int64_t j = row - 1; j <= row + 1; ++j) {
    for (std::int64_t i = column - 1; i <= column + 1; ++i) {
      const bool on_grid = i >= 0 && i < kSide && j >= 0 && j < kSide;
      const auto pixel = static_cast<std::size_t>(on_grid ? j * kSide + i : row * kSide + column);
      sum += map_K[pixel] * basis(x - static_cast<double>(i - column)) * basis(y - static_cast<double>(j - row));
    }
  }
  return sum;
}

std::vector<double> structure_of(const std::vector<double>& map_K, const LoadedBands& bands) {
  std::vector<double> structure_K;
  for (std::size_t i = 0; i < bands.data.pixel.size(); ++i) {
    const std::int64_t column = bands.data.pixel[i] % kSide, row = bands.data.pixel[i] / kSide;
    const double x = bands.within_pixel[i][0] / kSubpixelSteps, y = bands.within_pixel[i][1] / kSubpixelSteps;
    structure_K.push_back(spline_K(map_K, column, row, x, y) - spline_K(map_K, column, row, 0.0, 0.0));
  }
  return structure_K;
}

/// m + alpha S (m_prior - m), the sky flat over half a degree.
std::vector<double> mixed(const std::vector<double>& map_K, const HealpixSky& prior) {
  const double sigma_pixels = kSmoothing_deg / std::sqrt(8.0 * std::numbers::ln2) / kPixel_deg;
  const double middle = 0.5 * (kSide - 1);
  std::vector<double> result = map_K;
  for (std::int64_t p = 0; p < kSide * kSide; ++p) {
    double sum = 0.0, n = 0.0;
    for (std::int64_t q = 0; q < kSide * kSide; ++q) {
      const auto dx = static_cast<double>(q % kSide - p % kSide), dy = static_cast<double>(q / kSide - p / kSide);
      const double weight = std::exp(-0.5 * (dx * dx + dy * dy) / (sigma_pixels * sigma_pixels));
      const SkyPosition at = {30.0 - kPixel_deg * (static_cast<double>(q % kSide) - middle),
                              kPixel_deg * (static_cast<double>(q / kSide) - middle)};
      sum += weight * (prior.temperature_K(at) - map_K[static_cast<std::size_t>(q)]);
      n += weight;
    }
    result[static_cast<std::size_t>(p)] += kAlpha * sum / n;
  }
  return result;
}

std::vector<double> expected_map(const LoadedBands& bands, const DestriperSettings& settings, const HealpixSky& prior) {
  std::vector<double> taken_K(bands.data.pixel.size(), 0.0);
  const std::vector<double> structure_K = structure_of(dense_map(bands, taken_K, settings), bands);
  taken_K = structure_K;
  for (int solve = 1; solve < kSolves; ++solve) {
    const std::vector<double> estimate_K = mixed(dense_map(bands, taken_K, settings), prior);
    for (std::size_t i = 0; i < taken_K.size(); ++i) {
      taken_K[i] = structure_K[i] + estimate_K[static_cast<std::size_t>(bands.data.pixel[i])];
    }
  }
  return dense_map(bands, taken_K, settings);
}

double row_mean(const std::vector<double>& map_K, std::int64_t row) {
  return std::accumulate(map_K.begin() + row * kSide, map_K.begin() + (row + 1) * kSide, 0.0) / kSide;
}

TEST(OuterIterationsWithSubpixelPass, GiveWhatDenseMatricesGive) {
  const SerialCommunicator alone;
  const HealpixSky prior = prior_map();
  MapmakeConfig config;
  config.n_destriper_iterations = kSolves;
  config.prior_mixing_alpha = kAlpha;
  config.prior_smoothing_fwhm_deg = kSmoothing_deg;
  DestriperSettings settings;
  settings.n_pixels = grid().n_pixels();
  settings.n_columns = kSide;
  settings.offset_length = kOffsetLength;
  settings.threshold = 1e-11;

  LoadedBands bands = rows();
  const std::vector<double> expected = expected_map(bands, settings, prior);
  find_subpixel_structure(bands.data, bands.within_pixel, settings, grid(), alone);
  iterate(bands, config, settings, grid(), &prior, alone);
  const MapPiece map = destripe(std::as_const(bands.data), settings, alone).front().map;
  ASSERT_EQ(map.pixel.size(), expected.size());

  // Means of rows follow the prior: smoothing is within 1 % of the sum over all pairs. The rest follows the data.
  for (std::int64_t row = 0; row < kSide; ++row) {
    const double mean_K = row_mean(map.destriped_K, row), expected_mean_K = row_mean(expected, row);
    EXPECT_NEAR(mean_K, expected_mean_K, 1e-3) << row;
    for (auto pixel = static_cast<std::size_t>(row * kSide); pixel < static_cast<std::size_t>((row + 1) * kSide);
         ++pixel) {
      ASSERT_NEAR(map.destriped_K[pixel] - mean_K, expected[pixel] - expected_mean_K, 2e-6) << pixel;
    }
  }
}

}  // namespace
}  // namespace comap
