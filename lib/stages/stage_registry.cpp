#include "stages/stage_registry.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.hpp"
#include "stages/atmosphere/atmosphere.hpp"
#include "stages/atmosphere/atmosphere_vane.hpp"
#include "stages/calibrator/calibrator_fit.hpp"
#include "stages/check_level1/check_level1.hpp"
#include "stages/create_level2.hpp"
#include "stages/finalize_metadata.hpp"
#include "stages/find_scans.hpp"
#include "stages/gain_filter/gain_filter.hpp"
#include "stages/noise_stats_level1.hpp"
#include "stages/noise_stats_level2.hpp"
#include "stages/post_bin_cleaning.hpp"
#include "stages/vane/system_temperature.hpp"

namespace comap {
namespace {

using StagePointer = std::unique_ptr<Stage>;

struct Registration {
  std::string_view name;
  StagePointer (*make)(const Level2Config&);
};

/// One line for each stage, in the order of the default pipeline, optional stages where they belong.
constexpr auto kStages = std::to_array<Registration>({
    {"check_level1",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<CheckLevel1>(c.check_level1); }},
    {"create_level2",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<CreateLevel2>(c.create_level2); }},
    {"system_temperature",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<SystemTemperature>(c.system_temperature); }},
    {"find_scans",
     [](const Level2Config& c) -> StagePointer {
       return std::make_unique<FindScans>(c.find_scans, c.system_temperature, c.check_level1.max_time_gap_s);
     }},
    {"noise_stats_level1",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<NoiseStatsLevel1>(c.noise_stats_level1); }},
    {"atmosphere",
     [](const Level2Config& c) -> StagePointer {
       return std::make_unique<Atmosphere>(c.atmosphere, c.system_temperature);
     }},
    {"atmosphere_vane",
     [](const Level2Config& c) -> StagePointer {
       return std::make_unique<AtmosphereVane>(c.atmosphere, c.system_temperature);
     }},
    {"gain_filter",
     [](const Level2Config& c) -> StagePointer {
       return std::make_unique<GainFilter>(c.gain_filter, c.system_temperature);
     }},
    {"post_bin_cleaning",
     [](const Level2Config& c) -> StagePointer {
       return std::make_unique<PostBinCleaning>(c.post_bin_cleaning, c.atmosphere);
     }},
    {"noise_stats_level2",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<NoiseStatsLevel2>(c.noise_stats_level2); }},
    {"calibrator_fit",
     [](const Level2Config& c) -> StagePointer { return std::make_unique<CalibratorFit>(c.calibrator_fit); }},
    {"finalize_metadata", [](const Level2Config&) -> StagePointer { return std::make_unique<FinalizeMetadata>(); }},
});

}  // namespace

std::vector<std::string> known_stages() {
  std::vector<std::string> names;
  for (const Registration& stage : kStages) names.emplace_back(stage.name);
  return names;
}

std::vector<StagePointer> make_stages(const Level2Config& config) {
  std::vector<StagePointer> stages;
  std::set<std::string> seen;
  for (const std::string& name : config.pipeline) {
    const auto found = std::ranges::find(kStages, name, &Registration::name);
    if (found == kStages.end()) {
      throw ConfigError(
          fmt::format("level2.pipeline: unknown stage '{}'; known: {}", name, fmt::join(known_stages(), ", ")));
    }
    if (!seen.insert(name).second) throw ConfigError(fmt::format("level2.pipeline: stage '{}' is given twice", name));
    stages.push_back(found->make(config));
  }
  return stages;
}

void check_order(const std::vector<StagePointer>& stages) {
  std::set<std::string_view> before;
  for (const StagePointer& stage : stages) {
    for (const level2::Dataset* dataset : stage->reads()) {
      if (before.contains(dataset->stage)) continue;
      throw ConfigError(fmt::format("level2.pipeline: stage '{}' needs {}, which {} must make before it", stage->name(),
                                    dataset->path, dataset->stage));
    }
    before.insert(stage->name());
  }
}

}  // namespace comap
