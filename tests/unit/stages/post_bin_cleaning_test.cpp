// Cleaning of binned data against its definition written down again, and against data whose parts are known.

#include "stages/post_bin_cleaning.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "math/median.hpp"
#include "support/moving_median_by_definition.hpp"
#include "support/white_noise.hpp"

namespace comap {
namespace {

constexpr double kNoise_K = 0.01;

std::vector<double> elevations(std::size_t n, double range_deg) {
  std::vector<double> result(n);
  for (std::size_t i = 0; i < n; ++i) {
    result[i] = 50.0 + range_deg * std::sin(7.0 * static_cast<double>(i) / static_cast<double>(n));
  }
  return result;
}

/// Least squares of all values that are not NaN on constant and `x`.
std::array<double, 2> straight_line(const std::vector<double>& values, const std::vector<double>& x) {
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    n += 1.0, sx += x[i], sy += values[i], sxx += x[i] * x[i], sxy += x[i] * values[i];
  }
  const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  return {(sy - slope * sx) / n, slope};
}

std::vector<double> cleaned_by_definition(const std::vector<float>& data, const std::vector<double>& elevation_deg,
                                          const PostBinCleaningConfig& config) {
  std::vector<double> values(data.begin(), data.end()), airmass, fitted = values;
  for (const double elevation : elevation_deg) airmass.push_back(1.0 / std::sin(elevation * kDegree_rad));
  const std::vector<double> baseline = test::moving_median_by_definition(values, config.medfilt_length);
  std::vector<double> differences;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    const double difference = values[i] - baseline[i] - values[i + 1] + baseline[i + 1];
    if (!std::isnan(difference)) differences.push_back(difference);
  }
  const double auto_rms = mad_sigma(differences) / std::sqrt(2.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i] - baseline[i]) > config.outlier_sigma * auto_rms) fitted[i] = std::nan("");
  }
  const auto [offset, tau] = straight_line(fitted, airmass);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= offset + tau * airmass[i];
  const std::vector<double> rest = test::moving_median_by_definition(values, config.medfilt_length);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= rest[i];
  return values;
}

TEST(PostBinCleaning, EqualsTheDefinition) {
  for (const int window : {40, 41}) {
    const PostBinCleaningConfig config{window, 5.0};
    const std::vector<double> elevation_deg = elevations(600, 2.0);
    std::vector<float> data;
    for (const double noise : white_noise(600, kNoise_K, 3)) {
      const double airmass = 1.0 / std::sin(elevation_deg[data.size()] * kDegree_rad);
      data.push_back(static_cast<float>(noise + 8.0 * airmass + 0.001 * static_cast<double>(data.size())));
    }
    data[100] += 3.0F;
    for (const std::size_t i : {0U, 250U, 251U, 599U}) data[i] = std::nanf("");
    const std::vector<double> expected = cleaned_by_definition(data, elevation_deg, config);
    clean_scan(data, elevation_deg, config, 0.2);
    for (std::size_t i = 0; i < data.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(data[i])) << "sample " << i;
      } else {
        EXPECT_NEAR(static_cast<double>(data[i]), expected[i], 2e-6) << "sample " << i << ", window " << window;
      }
    }
  }
}

// A scan that is not longer than the window: airmass and drift go, a glitch and a point source stay as they are.
TEST(PostBinCleaning, ShortScanLosesAirmassAndSlopeButNotTheSource) {
  const std::vector<double> elevation_deg = elevations(3000, 2.0);
  const std::vector<float> noise = white_noise(3000, kNoise_K, 4);
  std::vector<float> data;
  std::vector<double> source;
  for (std::size_t i = 0; i < noise.size(); ++i) {
    const double x = (static_cast<double>(i) - 1500.0) / 10.0;
    source.push_back(0.5 * std::exp(-0.5 * x * x));
    const double airmass = 1.0 / std::sin(elevation_deg[i] * kDegree_rad);
    data.push_back(static_cast<float>(static_cast<double>(noise[i]) + source[i] + airmass));
  }
  clean_scan(data, elevation_deg, {}, 0.2);
  double worst_K = 0.0, sum_K = 0.0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const double left_K = static_cast<double>(data[i]) - static_cast<double>(noise[i]) - source[i];
    worst_K = std::max(worst_K, std::abs(left_K));
    sum_K += left_K;
  }
  EXPECT_LT(worst_K, 0.006);  // of which 0.0042 is the mean of the source, which goes with the line
  EXPECT_NEAR(sum_K / 3000.0, -0.5 * std::sqrt(2.0 * std::numbers::pi) * 10.0 / 3000.0, 3e-3);
}

TEST(PostBinCleaning, WithoutElevationRangeTheMedianOfTheOthersGoes) {
  const std::vector<double> elevation_deg = elevations(500, 0.05);
  std::vector<float> data;
  for (const double noise : white_noise(500, kNoise_K, 5)) data.push_back(static_cast<float>(noise + 3.0));
  clean_scan(data, elevation_deg, {}, 0.2);
  std::vector<double> values(data.begin(), data.end());
  EXPECT_NEAR(straight_line(values, elevation_deg)[0] + 50.0 * straight_line(values, elevation_deg)[1], 0.0, 1e-3);
}

/// Two scans of feed 1 with something outside of them.
ObservationContext two_scans() {
  ObservationContext observation;
  Level1Metadata& level1 = observation.level1;
  level1.feeds = {1};
  level1.n_feeds = 1;
  level1.n_samples = 1000;
  level1.elevation_deg = elevations(1000, 1.0);
  observation.scans = {{100, 400}, {500, 900}};
  return observation;
}

ProductTable filtered_products() {
  std::vector<float> streams(kBands * 2 * 1000, 0.0F);
  const std::vector<float> noise = white_noise(streams.size(), kNoise_K, 6);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const std::size_t sample = i % 1000;
    if ((sample >= 100 && sample < 400) || (sample >= 500 && sample < 900)) streams[i] = 5.0F + noise[i];
  }
  for (std::size_t i = 3000; i < 4000; ++i) streams[i] = streams[i] == 0.0F ? 0.0F : std::nanf("");  // a lost sub-band
  ProductTable products;
  products.set(level2::kBinnedFiltered, {shape_of(kBands, 2, 1000), std::move(streams)});
  return products;
}

std::vector<float> stream_of(const ProductTable& products, const level2::ArrayDataset<float, 3>& dataset) {
  const auto values = products.flat(dataset);
  return {values.begin(), values.end()};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(PostBinCleaning, KeepsWhatWasThereAndStartsFromItAgain) {
  const ObservationContext observation = two_scans();
  ProductTable products = filtered_products();
  const std::vector<float> before = stream_of(products, level2::kBinnedFiltered);
  const PostBinCleaning stage({200, 5.0}, {});
  stage.start_feed(observation, 1, products)->finish();
  EXPECT_TRUE(same_bits(stream_of(products, level2::kUncleaned), before));
  const std::vector<float> once = stream_of(products, level2::kBinnedFiltered);
  EXPECT_FALSE(same_bits(once, before));
  for (std::size_t i = 0; i < once.size(); ++i) {
    if (before[i] == 0.0F) {
      EXPECT_EQ(once[i], 0.0F) << "outside scans, sample " << i;
    } else {
      EXPECT_EQ(std::isnan(once[i]), std::isnan(before[i]));
    }
  }
  stage.start_feed(observation, 1, products)->finish();
  EXPECT_TRUE(same_bits(stream_of(products, level2::kBinnedFiltered), once));
  EXPECT_TRUE(same_bits(stream_of(products, level2::kUncleaned), before));
}

TEST(PostBinCleaning, DeclaresWhatItWritesAndItsStatus) {
  const PostBinCleaning stage({}, {});
  EXPECT_EQ(stage.writes(), (DatasetList{&level2::kBinnedFiltered, &level2::kUncleaned}));
  ASSERT_EQ(stage.attributes().size(), 1U);
  EXPECT_EQ(stage.attributes()[0].object, "level2/post_bin_cleaning");
  EXPECT_EQ(h5::to_text(stage.attributes()[0].value), "complete");
}

}  // namespace
}  // namespace comap
