#include "transfer/transfer_function.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kPixel_deg = 1.0 / 60.0;

Wcs grid(std::int64_t n_x, std::int64_t n_y, double latitude_deg = 0.0) {
  WcsDefinition definition;
  definition.naxis = {n_x, n_y};
  definition.crpix = {static_cast<double>(n_x) / 2.0, static_cast<double>(n_y) / 2.0 - latitude_deg / kPixel_deg};
  definition.cdelt_deg = {-kPixel_deg, kPixel_deg};
  definition.crval_deg = {30.0, 0.0};
  return Wcs(definition);
}

/// Waves of random phase and direction, wavelengths 5 to 200 pixels, and what a filter leaves of each.
template <typename Filter>
SkyPair filtered_waves(std::int64_t n_x, std::int64_t n_y, unsigned seed, const Filter& filter) {
  constexpr int kWaves = 300;
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  const auto n = static_cast<std::size_t>(n_x * n_y);
  SkyPair pair{std::vector<double>(n, 0.5), std::vector<double>(n, -0.25)};  // constants say nothing
  for (int wave = 0; wave < kWaves; ++wave) {
    const double k = 2.0 * std::numbers::pi / (5.0 * std::pow(40.0, uniform(random)));  // [1/pixel]
    const double angle = 2.0 * std::numbers::pi * uniform(random), phase = 2.0 * std::numbers::pi * uniform(random);
    const double kept = filter(k);
    for (std::int64_t y = 0; y < n_y; ++y) {
      for (std::int64_t x = 0; x < n_x; ++x) {
        const double value =
            std::cos(k * (std::cos(angle) * static_cast<double>(x) + std::sin(angle) * static_cast<double>(y)) + phase);
        pair.injected_K[static_cast<std::size_t>(y * n_x + x)] += value;
        pair.recovered_K[static_cast<std::size_t>(y * n_x + x)] += kept * value;
      }
    }
  }
  return pair;
}

std::vector<bool> all_of(const Wcs& wcs) { return std::vector<bool>(static_cast<std::size_t>(wcs.n_pixels()), true); }

template <typename Filter>
TransferFunction measured(const Wcs& wcs, const std::vector<bool>& valid, const Filter& filter, int n_realisations) {
  const FlatWindow window = make_window(wcs, valid, 5, 20);
  std::vector<SkyPair> pairs;
  for (int i = 0; i < n_realisations; ++i) {
    const SkyPair pair = filtered_waves(wcs.n_x(), wcs.n_y(), static_cast<unsigned>(i + 1), filter);
    pairs.push_back({windowed(window, pair.recovered_K, wcs.n_x()), windowed(window, pair.injected_K, wcs.n_x())});
  }
  return transfer_function(window, pairs, 180.0 / 5.0 * 60.0);
}

// A beam blurs by exp(-k^2 s^2 / 2), which is what must come back at every scale.
TEST(TransferFunction, OfAKnownFilterComesBack) {
  constexpr double kSigma_pixels = 3.0;
  const Wcs wcs = grid(240, 200);
  const auto blur = [](double k) { return std::exp(-0.5 * k * k * kSigma_pixels * kSigma_pixels); };
  const TransferFunction result = measured(wcs, all_of(wcs), blur, 3);
  int n_checked = 0;
  for (const TransferBin& bin : result.bins) {
    const double k = bin.multipole * kPixel_deg * kDegree_rad;  // [1/pixel]
    if (bin.n_modes < 10.0) continue;
    // Bins are a quarter wide: the filter changes by up to k^2 s^2 / 4 across one, and power leaks between neighbours.
    EXPECT_NEAR(bin.transfer, blur(k), 0.02 + 0.06 * k * k * kSigma_pixels * kSigma_pixels * blur(k))
        << bin.angular_scale_arcmin << " arcmin";
    EXPECT_LT(bin.error, 0.1);
    ++n_checked;
  }
  EXPECT_GE(n_checked, 8);
}

TEST(TransferFunction, OfTheSameMapIsExactlyOneThroughAnyMask) {
  const Wcs wcs = grid(160, 140);
  std::vector<bool> valid = all_of(wcs);
  for (std::size_t i = 0; i < valid.size(); ++i) valid[i] = i % 13 != 0 && i % 160 > 30;
  const TransferFunction result = measured(
      wcs, valid, [](double) { return 1.0; }, 1);
  for (const TransferBin& bin : result.bins) {
    EXPECT_NEAR(bin.transfer, 1.0, 1e-12);
    EXPECT_NEAR(bin.error, 0.0, 1e-6);
  }
}

// Recovered = 0.9 S + independent noise of the same power: the scatter of T over realisations is the error it states.
TEST(TransferFunction, ErrorIsTheScatterOfRealisations) {
  const Wcs wcs = grid(120, 120);
  const FlatWindow window = make_window(wcs, all_of(wcs), 0, 20);
  std::vector<double> sum(20, 0.0), squares(20, 0.0), stated(20, 0.0);
  constexpr int kTrials = 60;
  std::size_t n_bins = 0;
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < kTrials; ++trial) {
    SkyPair pair;
    for (std::int64_t i = 0; i < wcs.n_pixels(); ++i) {
      pair.injected_K.push_back(normal(random));
      pair.recovered_K.push_back(0.9 * pair.injected_K.back() + normal(random));
    }
    pair = {windowed(window, pair.recovered_K, 120), windowed(window, pair.injected_K, 120)};
    const TransferFunction result = transfer_function(window, std::span(&pair, 1), 2000.0);
    n_bins = result.bins.size();
    for (std::size_t i = 0; i < n_bins; ++i) {
      sum[i] += result.bins[i].transfer / kTrials;
      squares[i] += result.bins[i].transfer * result.bins[i].transfer / kTrials;
      stated[i] += result.bins[i].error / kTrials;
    }
  }
  for (std::size_t i = 1; i < n_bins; ++i) {
    const double scatter = std::sqrt(squares[i] - sum[i] * sum[i]);
    EXPECT_NEAR(sum[i], 0.9, 4.0 * scatter / std::sqrt(kTrials)) << i;
    EXPECT_NEAR(stated[i] / scatter, 1.0, 0.35) << i;
  }
}

TEST(TransferFunction, ScalesAreThoseOfTheSkyFarFromTheEquatorOfTheGrid) {
  const PixelSize size = pixel_size_at(grid(100, 100, 60.0), 49.0, 49.0);
  EXPECT_NEAR(size.y_rad, kPixel_deg * kDegree_rad, 1e-9);
  EXPECT_NEAR(size.x_rad / size.y_rad, 0.5, 1e-3);
}

TEST(FlatWindow, ClosesGapsFillsThemAndFallsToNothingAtTheBorder) {
  const Wcs wcs = grid(60, 50);
  std::vector<bool> valid(static_cast<std::size_t>(wcs.n_pixels()), false);
  std::vector<double> image(valid.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t y = 10; y < 40; ++y) {
    for (std::size_t x = 15; x < 55; ++x) {
      if (x == 30 && y == 25) continue;
      valid[y * 60 + x] = true;
      image[y * 60 + x] = static_cast<double>(x);
    }
  }
  const FlatWindow window = make_window(wcs, valid, 2, 4);
  EXPECT_EQ(window.x_begin, 15);
  EXPECT_EQ(window.n_x, 40);
  EXPECT_EQ(window.n_y, 30);
  EXPECT_NEAR(window.taper[0], std::pow(std::sin(0.5 * std::numbers::pi / 5.0), 2), 1e-12);
  EXPECT_EQ(window.taper[15 * 40 + 15], 1.0);
  const std::vector<double> values = windowed(window, image, 60);
  EXPECT_NEAR(values[15 * 40 + 15], 0.5 * (values[15 * 40 + 14] + values[15 * 40 + 16]), 1e-12);
  double sum = 0.0;
  for (const double value : values) sum += value;
  EXPECT_NEAR(sum, 0.0, 1e-9);
}

}  // namespace
}  // namespace comap
