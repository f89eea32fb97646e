#pragma once
/// \file
/// An observation of two vane events and a receiver that sees them.

#include <memory>
#include <vector>

#include "data/level2_datasets.hpp"
#include "stages/vane/system_temperature.hpp"
#include "support/small_level1.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap::test {

inline constexpr double kTshroud_C = 18.0;
inline constexpr double kHot_K = kTshroud_C + 273.15;
inline constexpr double kCold_K = 2.73;

struct VaneCase {
  TemporaryFile file{"comap-0012345-2022-09-20-001122.hd5"};
  ObservationContext observation;
  SystemTemperatureConfig config;

  explicit VaneCase(const SmallLevel1& content, SystemTemperatureConfig settings = {}) : config(settings) {
    content.write(file.path());
    observation = open_observation(file.path());
    SystemTemperature(config).prepare(observation);
  }

  /// Products of feed 1 for tod(channel, sample), the same in all bands.
  template <typename Tod>
  ProductTable run(const Tod& tod) {
    Stages stages;
    stages.push_back(std::make_unique<SystemTemperature>(config));
    const Level1Metadata& level1 = observation.level1;
    std::vector<float> values;
    for (int band = 0; band < kBands; ++band) {
      for (int channel = 0; channel < level1.n_channels; ++channel) {
        for (std::int64_t i = 0; i < level1.n_samples; ++i) values.push_back(static_cast<float>(tod(channel, i)));
      }
    }
    return run_feed(stages, observation, 0, values);
  }
};

inline SmallLevel1 two_events() {
  SmallLevel1 content(4000);
  content.add_vane(100, 700);
  content.add_vane(3000, 3600);
  return content;
}

/// Counts of a receiver of 40 K with 10 counts/K in the first event and 12 in the second.
inline double counts(const SmallLevel1& content, std::int64_t i) {
  const double gain = i < 2000 ? 10.0 : 12.0;
  const bool hot = content.vane_angle_deg[static_cast<std::size_t>(i)] <= SmallLevel1::kHalfIn_deg;
  return gain * (40.0 + (hot ? kHot_K : kCold_K));
}

/// The same with 1 count/K throughout.
inline double constant_counts(const SmallLevel1& content, std::int64_t i) {
  return counts(content, i) / (i < 2000 ? 10.0 : 12.0);
}

}  // namespace comap::test
