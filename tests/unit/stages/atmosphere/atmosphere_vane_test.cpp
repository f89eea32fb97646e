// The atmosphere over a whole observation that was made with a known one.

#include "stages/atmosphere/atmosphere_vane.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "data/level2_datasets.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

constexpr std::int64_t kSamples = 2400;
constexpr double kOffset_K = 31.0;
constexpr double kTau_K = 9.5;
constexpr std::array<double, 2> kGain = {2e4, 3e4};  ///< of the channels
constexpr SampleRange kLateVane = {1500, 1700};      ///< between the second and the third scan

/// Three scans, each at its own elevation with `scan_range_deg` in it; the telescope moves on between them.
ObservationContext observation_with(double scan_range_deg, double step_deg) {
  ObservationContext observation;
  Level1Metadata& level1 = observation.level1;
  level1.feeds = {1};
  level1.n_feeds = 1;
  level1.n_channels = 2;
  level1.n_samples = kSamples;
  observation.scans = {{200, 800}, {900, 1500}, {1700, 2300}};
  for (std::int64_t i = 0; i < kSamples; ++i) {
    const double scan = std::floor(static_cast<double>(i) / 800.0);
    level1.mjd.push_back(59842.0 + 2e-7 * static_cast<double>(i));
    level1.elevation_deg.push_back(50.0 + step_deg * scan + scan_range_deg * std::sin(0.01 * static_cast<double>(i)));
    level1.features.push_back(i >= 200 && i < 2300 ? 1 << 9 : 0);
  }
  observation.vane_events = {{50, 150}, kLateVane};
  observation.products.set(level2::kVaneEventMjd, Array<double, 1>({level1.mjd[100], level1.mjd[1600]}));
  return observation;
}

/// Counts of all bands and channels: sky; the vane where it is in the beam.
std::vector<float> tod_of(const ObservationContext& observation) {
  std::vector<float> tod;
  for (int band = 0; band < kBands; ++band) {
    for (const double gain : kGain) {
      for (std::int64_t i = 0; i < kSamples; ++i) {
        const double elevation_rad = observation.level1.elevation_deg[static_cast<std::size_t>(i)] * kDegree_rad;
        const bool vane = i >= kLateVane[0] && i < kLateVane[1];
        tod.push_back(static_cast<float>(gain * (vane ? 330.0 : kOffset_K + kTau_K / std::sin(elevation_rad))));
      }
    }
  }
  return tod;
}

/// The calibration as system_temperature would have left it, for both events.
class KnownGain final : public Stage {
 public:
  std::string_view name() const override { return "known_gain"; }
  DatasetList reads() const override { return {}; }
  DatasetList writes() const override { return {&level2::kSystemTemperature, &level2::kGain}; }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext&, int, ProductTable& products) const override {
    Array<float, 3> gain(shape_of(2, kBands, 2));
    for (std::size_t i = 0; float& value : gain.flat()) value = static_cast<float>(kGain[i++ % 2]);
    products.set(level2::kSystemTemperature, Array(gain.shape(), 40.0F));
    products.set(level2::kGain, std::move(gain));
    return nullptr;
  }
};

ProductTable run(const ObservationContext& observation, const std::vector<float>& tod) {
  test::Stages stages;
  stages.push_back(std::make_unique<KnownGain>());
  stages.push_back(std::make_unique<AtmosphereVane>(AtmosphereConfig{}, SystemTemperatureConfig{}));
  return test::run_feed(stages, observation, 0, tod);
}

// Within each scan the elevation ranges over too little for a fit; over the observation it does not.
TEST(AtmosphereVane, FitsTheWholeObservationWithoutTheVane) {
  const ObservationContext observation = observation_with(0.02, 4.0);
  const ProductTable products = run(observation, tod_of(observation));
  const auto offsets = products.flat(level2::kAtmosphereVaneOffsets);
  const auto tau = products.flat(level2::kAtmosphereVaneTau);
  ASSERT_EQ(tau.size(), 8U);
  for (const double value : offsets) EXPECT_NEAR(value, kOffset_K, 1e-3);
  for (const double value : tau) EXPECT_NEAR(value, kTau_K, 1e-3);
}

TEST(AtmosphereVane, NanIsLeftOutAndLostChannelsAreNan) {
  const ObservationContext observation = observation_with(0.5, 2.0);
  std::vector<float> tod = tod_of(observation);
  for (std::size_t i = 0; i < static_cast<std::size_t>(kSamples); ++i) tod[i] = std::nanf("");
  for (std::size_t i = static_cast<std::size_t>(kSamples) + 7; i < tod.size(); i += 13) tod[i] = std::nanf("");
  const ProductTable products = run(observation, tod);
  EXPECT_TRUE(std::isnan(products.flat(level2::kAtmosphereVaneTau)[0]));
  EXPECT_TRUE(std::isnan(products.flat(level2::kAtmosphereVaneOffsets)[0]));
  EXPECT_NEAR(products.flat(level2::kAtmosphereVaneTau)[1], kTau_K, 1e-3);
}

TEST(AtmosphereVane, MedianWithoutElevationRange) {
  const ObservationContext observation = observation_with(0.02, 0.01);
  const ProductTable products = run(observation, tod_of(observation));
  const double airmass = 1.0 / std::sin(50.01 * kDegree_rad);
  EXPECT_NEAR(products.flat(level2::kAtmosphereVaneOffsets)[0], kOffset_K + kTau_K * airmass, 0.01);
  EXPECT_EQ(products.flat(level2::kAtmosphereVaneTau)[0], 0.0);
}

}  // namespace
}  // namespace comap
