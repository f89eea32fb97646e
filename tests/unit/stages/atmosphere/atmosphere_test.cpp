// The atmosphere of a channel that was made with a known one.

#include "stages/atmosphere/atmosphere.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "data/level2_datasets.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

constexpr std::int64_t kSamples = 1003;  // not a multiple of any vector length
constexpr double kOffset_K = 31.0;
constexpr double kTau_K = 9.5;
constexpr float kGain = 2e4F;

/// One scan of feed 1 with two channels; elevation from 50 deg over `range_deg`.
ObservationContext observation_with(double range_deg) {
  ObservationContext observation;
  Level1Metadata& level1 = observation.level1;
  level1.feeds = {1};
  level1.n_feeds = 1;
  level1.n_channels = 2;
  level1.n_samples = kSamples;
  for (std::int64_t i = 0; i < kSamples; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(kSamples - 1);
    level1.mjd.push_back(59842.0 + 2e-7 * static_cast<double>(i));
    level1.elevation_deg.push_back(50.0 + range_deg * t * t);
  }
  observation.scans = {{0, kSamples}};
  observation.vane_events = {{0, 1}};
  observation.products.set(level2::kVaneEventMjd, Array(shape_of(1), 59842.0));
  return observation;
}

double kelvin(const ObservationContext& observation, std::int64_t i) {
  const double elevation_rad = observation.level1.elevation_deg[static_cast<std::size_t>(i)] * kDegree_rad;
  return kOffset_K + kTau_K / std::sin(elevation_rad);
}

/// Products for tod [channel][sample], the same in all bands.
ProductTable run(const ObservationContext& observation, std::vector<float> tod, float gain = kGain) {
  ProductTable products;
  products.set(level2::kGain, Array(shape_of(1, kBands, 2), gain));
  products.set(level2::kSystemTemperature, Array(shape_of(1, kBands, 2), 40.0F));
  const Atmosphere stage({}, {});
  const auto worker = stage.start_feed(observation, 1, products);
  worker->finish_vane();
  for (int band = 0; band < kBands; ++band) {
    FeedBlock block;
    block.band = band;
    block.scan = 0;
    block.n_samples = kSamples;
    block.n_channels = 2;
    block.stride = kSamples;
    block.tod = tod.data();
    const std::vector<float> medians = test::channel_medians(block);
    block.channel_median = medians;
    worker->consume_channels(block, 0, block.n_channels);
    worker->consume(block);
  }
  worker->finish();
  return products;
}

std::vector<float> tod_of(const ObservationContext& observation) {
  std::vector<float> tod;
  for (int channel = 0; channel < 2; ++channel) {
    for (std::int64_t i = 0; i < kSamples; ++i) {
      tod.push_back(static_cast<float>(static_cast<double>(kGain) * kelvin(observation, i)));
    }
  }
  return tod;
}

TEST(Atmosphere, RecoversOffsetAndTau) {
  const ObservationContext observation = observation_with(1.5);
  const ProductTable products = run(observation, tod_of(observation));
  for (const double offset : products.flat(level2::kAtmosphereOffsets)) EXPECT_NEAR(offset, kOffset_K, 1e-4);
  for (const double tau : products.flat(level2::kAtmosphereTau)) EXPECT_NEAR(tau, kTau_K, 1e-4);
  EXPECT_NEAR(Atmosphere({}, {}).summary(observation, {products}).at("mean_tau").get<double>(), kTau_K, 1e-4);
}

TEST(Atmosphere, NanSamplesAndElevationsAreLeftOut) {
  ObservationContext observation = observation_with(1.5);
  std::vector<float> tod = tod_of(observation);
  for (std::size_t i = 3; i < tod.size(); i += 11) tod[i] = std::nanf("");
  for (std::size_t i = 5; i < static_cast<std::size_t>(kSamples); i += 17) {
    observation.level1.elevation_deg[i] = std::nan("");
    tod[i] = 1e9F;
  }
  for (std::size_t i = static_cast<std::size_t>(kSamples); i < tod.size(); ++i) tod[i] = std::nanf("");
  const ProductTable products = run(observation, tod);
  EXPECT_NEAR(products.flat(level2::kAtmosphereOffsets)[0], kOffset_K, 1e-4);
  EXPECT_NEAR(products.flat(level2::kAtmosphereTau)[0], kTau_K, 1e-4);
  EXPECT_TRUE(std::isnan(products.flat(level2::kAtmosphereOffsets)[1]));
  EXPECT_TRUE(std::isnan(products.flat(level2::kAtmosphereTau)[1]));
}

TEST(Atmosphere, MedianWithoutElevationRange) {
  const ObservationContext observation = observation_with(0.19);
  std::vector<float> tod = tod_of(observation);
  tod[0] = 1e9F;
  const ProductTable products = run(observation, tod);
  EXPECT_NEAR(products.flat(level2::kAtmosphereOffsets)[0], kelvin(observation, kSamples / 2), 0.02);
  EXPECT_EQ(products.flat(level2::kAtmosphereTau)[0], 0.0);
}

TEST(Atmosphere, NanGainGivesNan) {
  const ObservationContext observation = observation_with(1.5);
  const ProductTable products = run(observation, tod_of(observation), std::nanf(""));
  EXPECT_TRUE(std::isnan(products.flat(level2::kAtmosphereOffsets)[0]));
}

}  // namespace
}  // namespace comap
