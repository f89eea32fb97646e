#include "map/outer_iterations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "destripe/destriper.hpp"
#include "support/sky_square.hpp"

namespace comap {
namespace {

constexpr std::int64_t kSide = 60;  // pixels of 3 arcmin
constexpr double kPixel_deg = 0.05;
constexpr int kPasses = 6;  // of a row, to and fro
constexpr double kSource_K = 0.2;

MapGrid grid() { return test::square_grid(kSide, kPixel_deg); }

/// Gradient across the rows and along them; only the data have the source.
double large_scales_K(std::int64_t x, std::int64_t y) {
  return 0.01 * static_cast<double>(y - kSide / 2) + 0.004 * static_cast<double>(x - kSide / 2);
}
double sky_K(std::int64_t x, std::int64_t y) {
  const double dx = static_cast<double>(x) - 21.0, dy = static_cast<double>(y) - 35.0;
  return large_scales_K(x, y) + kSource_K * std::exp(-0.5 * (dx * dx + dy * dy) / 4.0);
}

/// Every row is a scan of its own with levels of its own: nothing ties the rows together.
LoadedBands rows_without_crossing() {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  LoadedBands bands;
  bands.frequency_bands = {0};
  bands.data.streams.resize(1);
  bands.segments.resize(1);
  DestriperStream& stream = bands.data.streams[0];
  for (std::int64_t y = 0; y < kSide; ++y) {
    bands.data.segments.push_back({std::ssize(stream.tod_K), kPasses * kSide});
    stream.weight_per_K2.push_back(1e4);
    double level_K = normal(random);
    for (std::int64_t sample = 0; sample < kPasses * kSide; ++sample) {
      if (sample % 25 == 0) level_K += 0.1 * normal(random);
      const std::int64_t along = sample % kSide;
      const std::int64_t x = sample / kSide % 2 == 0 ? along : kSide - 1 - along;
      stream.tod_K.push_back(static_cast<float>(sky_K(x, y) + level_K));
      bands.data.pixel.push_back(static_cast<std::int32_t>(y * kSide + x));
    }
  }
  return bands;
}

/// The large scales as a HEALPix map, written and read again.
HealpixSky prior_map() {
  return test::healpix_square("outer_iterations_prior.fits", 512, 2.5, [](const SkyPosition& at) {
    const double x = (30.0 - at.longitude_deg) / kPixel_deg + 0.5 * (kSide - 1) - kSide / 2;
    const double y = at.latitude_deg / kPixel_deg + 0.5 * (kSide - 1) - kSide / 2;
    return 0.01 * y + 0.004 * x;
  });
}

/// All solves, and the change of the map by each but the first.
struct Solved {
  std::vector<DestriperResult> solved;
  std::vector<std::vector<MapChange>> changes;
};

class OuterIterationsTest : public testing::Test {
 protected:
  OuterIterationsTest() {
    config_.subpixel_pass = false;
    config_.offset_length = 25;
    config_.prior_smoothing_fwhm_deg = 0.5;
    settings_.n_pixels = grid().n_pixels();
    settings_.n_columns = kSide;
    settings_.offset_length = config_.offset_length;
    settings_.threshold = 1e-10;
  }

  Solved solve(int n_iterations, double alpha, const HealpixSky* prior = nullptr) {
    config_.n_destriper_iterations = n_iterations;
    config_.prior_mixing_alpha = alpha;
    LoadedBands bands = rows_without_crossing();
    const SerialCommunicator alone;
    OuterIterations outer = iterate(bands, config_, settings_, grid(), prior, alone);
    Solved result{destripe(std::as_const(bands.data), settings_, alone), std::move(outer.changes)};
    if (n_iterations > 1) result.changes[0].push_back(map_change(outer.last[0], result.solved[0].map, alone));
    EXPECT_EQ(result.solved[0].map.pixel.size(), static_cast<std::size_t>(kSide * kSide));
    return result;
  }

  MapmakeConfig config_;
  DestriperSettings settings_;
};

/// Slope of the map on the sky across the rows, the source aside.
double slope_across_rows(const MapPiece& map) {
  double xy = 0.0, xx = 0.0;
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    const auto row = static_cast<double>(map.pixel[i] / kSide) - 0.5 * (kSide - 1);
    xy += row * map.destriped_K[i];
    xx += row * row;
  }
  return xy / xx / 0.01;
}

/// Map of each pixel without the mean of its row.
std::vector<double> without_row_means(const MapPiece& map) {
  std::vector<double> values(static_cast<std::size_t>(kSide * kSide)), mean(kSide);
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    values[static_cast<std::size_t>(map.pixel[i])] = map.destriped_K[i];
    mean[static_cast<std::size_t>(map.pixel[i] / kSide)] += map.destriped_K[i] / kSide;
  }
  for (std::size_t pixel = 0; pixel < values.size(); ++pixel) values[pixel] -= mean[pixel / kSide];
  return values;
}

TEST_F(OuterIterationsTest, BringBackWhatTheScansLose) {
  const HealpixSky prior = prior_map();
  const Solved alone = solve(1, 0.0);
  EXPECT_TRUE(alone.changes[0].empty());
  EXPECT_NEAR(slope_across_rows(alone.solved[0].map), 0.0, 1e-3);

  const Solved mixed = solve(2, 1.0, &prior);
  EXPECT_NEAR(slope_across_rows(mixed.solved[0].map), 1.0, 0.05);
  ASSERT_EQ(mixed.changes[0].size(), 1U);
  EXPECT_NEAR(mixed.changes[0][0].rms_K, 0.01 * kSide / std::sqrt(12.0), 0.02);

  // Along the rows the data know better, and the source is in no prior.
  const auto before = without_row_means(alone.solved[0].map), after = without_row_means(mixed.solved[0].map);
  for (std::size_t pixel = 0; pixel < before.size(); ++pixel) ASSERT_NEAR(after[pixel], before[pixel], 1e-5);
}

TEST_F(OuterIterationsTest, HalfAShareComesCloserWithEverySolve) {
  const HealpixSky prior = prior_map();
  const Solved mixed = solve(4, 0.5, &prior);
  EXPECT_NEAR(slope_across_rows(mixed.solved[0].map), 1.0 - 0.125, 0.05);
  ASSERT_EQ(mixed.changes[0].size(), 3U);
  EXPECT_NEAR(mixed.changes[0][1].rms_K / mixed.changes[0][0].rms_K, 0.5, 0.05);
  EXPECT_NEAR(mixed.changes[0][2].rms_K / mixed.changes[0][1].rms_K, 0.5, 0.05);
}

TEST_F(OuterIterationsTest, WithoutPriorNothingChanges) {
  const HealpixSky prior = prior_map();
  const Solved once = solve(1, 0.0), thrice = solve(3, 0.0, &prior);
  ASSERT_EQ(thrice.changes[0].size(), 2U);
  EXPECT_LT(thrice.changes[0][1].rms_K, 1e-6);
  for (std::size_t i = 0; i < once.solved[0].map.pixel.size(); ++i) {
    ASSERT_NEAR(thrice.solved[0].map.destriped_K[i], once.solved[0].map.destriped_K[i], 1e-5);
  }
}

TEST_F(OuterIterationsTest, MapsOnOneGridAreMixedEachForItself) {
  const HealpixSky prior = prior_map();
  config_.prior_mixing_alpha = 1.0;
  MapPiece map;
  for (std::int64_t pixel = 0; pixel < kSide * kSide; ++pixel) map.pixel.push_back(pixel);
  map.destriped_K.assign(map.pixel.size(), 3.0);
  const std::vector<double> single = sky_estimate(map, grid(), config_, &prior);
  for (std::int64_t pixel = 0; pixel < kSide * kSide; ++pixel) map.pixel.push_back(kSide * kSide + pixel);
  map.destriped_K.resize(map.pixel.size(), -7.0);
  const std::vector<double> pair = sky_estimate(map, grid(), config_, &prior);
  for (std::size_t i = 0; i < single.size(); ++i) {
    ASSERT_NEAR(pair[i], single[i], 1e-12);
    ASSERT_NEAR(pair[single.size() + i], single[i], 1e-6);
  }
  const auto middle = static_cast<std::size_t>(kSide / 2 * kSide + 40);
  EXPECT_NEAR(single[middle], large_scales_K(40, kSide / 2), 0.003);
}

TEST_F(OuterIterationsTest, ConvergenceIsDrawn) {
  const std::filesystem::path path = testing::TempDir() + "/convergence.png";
  plot_convergence(path.string(), "convergence", {{1e-2, 3.0}, {1e-3, 0.3}, {1e-4, 0.03}});
  EXPECT_GT(std::filesystem::file_size(path), 5000U);
}

}  // namespace
}  // namespace comap
