#include "stages/stage_list.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/table_json.hpp"
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

constexpr bool kDefault = true;
constexpr bool kOptional = false;
using C = Level2Config;

/// A stage made of these settings.
template <typename T, typename... Settings>
std::unique_ptr<Stage> make(const Settings&... settings) {
  return std::make_unique<T>(settings...);
}

/// The table has the name of the stage unless it is another stage's.
template <auto Settings>
StageEntry entry(std::string_view name, bool by_default, decltype(StageEntry::make) make,
                 std::vector<std::string_view> further_keys = {}, std::string_view table = "") {
  const auto bind_table = [](Binder& binder, C& config) {
    bind(binder, config.*Settings);
    bind_overwrite(binder, (config.*Settings).overwrite);
  };
  return {name, table.empty() ? name : table, by_default, bind_table, make, std::move(further_keys)};
}

const std::vector<StageEntry> kStages = {
    entry<&C::check_level1>("check_level1", kDefault, [](const C& c) { return make<CheckLevel1>(c.check_level1); }),
    entry<&C::create_level2>("create_level2", kDefault, [](const C& c) { return make<CreateLevel2>(c.create_level2); }),
    entry<&C::system_temperature>("system_temperature", kDefault,
                                  [](const C& c) { return make<SystemTemperature>(c.system_temperature); }),
    entry<&C::find_scans>(
        "find_scans", kDefault,
        [](const C& c) { return make<FindScans>(c.find_scans, c.system_temperature, c.check_level1.max_time_gap_s); },
        {"check_level1.max_time_gap_s"}),
    entry<&C::noise_stats_level1>("noise_stats_level1", kDefault,
                                  [](const C& c) { return make<NoiseStatsLevel1>(c.noise_stats_level1); }),
    entry<&C::atmosphere>("atmosphere", kDefault,
                          [](const C& c) { return make<Atmosphere>(c.atmosphere, c.system_temperature); }),
    entry<&C::atmosphere>(
        "atmosphere_vane", kOptional,
        [](const C& c) { return make<AtmosphereVane>(c.atmosphere, c.system_temperature); }, {}, "atmosphere"),
    entry<&C::gain_filter>("gain_filter", kDefault,
                           [](const C& c) { return make<GainFilter>(c.gain_filter, c.system_temperature); }),
    entry<&C::post_bin_cleaning>("post_bin_cleaning", kOptional,
                                 [](const C& c) { return make<PostBinCleaning>(c.post_bin_cleaning, c.atmosphere); },
                                 {"atmosphere.min_elevation_range_deg"}),
    entry<&C::noise_stats_level2>("noise_stats_level2", kDefault,
                                  [](const C& c) { return make<NoiseStatsLevel2>(c.noise_stats_level2); }),
    entry<&C::calibrator_fit>("calibrator_fit", kDefault,
                              [](const C& c) { return make<CalibratorFit>(c.calibrator_fit); }),
    {"finalize_metadata", "", kDefault, [](Binder&, C&) {}, [](const C&) { return make<FinalizeMetadata>(); }},
};

StageSettings settings_of(const StageEntry& stage, StageEntries entries, Level2Config config) {
  const auto keys_of = [&](const StageEntry& entry) {
    return table_json([&](Binder& binder) { entry.bind(binder, config); });
  };
  const TableJson own = keys_of(stage);
  StageSettings settings = {own.effective, config.overwrite || own.all.value("overwrite", false)};
  for (const std::string_view key : stage.further_keys) {
    const auto dot = key.find('.');
    const auto other = std::ranges::find(entries, key.substr(0, dot), &StageEntry::table);
    settings.parameters[std::string(key)] = keys_of(*other).all.at(std::string(key.substr(dot + 1)));
  }
  return settings;
}

}  // namespace

StageEntries all_stages() { return kStages; }

StageList make_stages(const Level2Config& config, StageEntries entries) {
  StageList stages;
  for (const std::string& name : config.pipeline) {
    const auto found = std::ranges::find(entries, name, &StageEntry::name);
    if (found == entries.end()) {
      std::vector<std::string_view> known;
      for (const StageEntry& entry : entries) known.push_back(entry.name);
      throw ConfigError(fmt::format("level2.pipeline: unknown stage '{}'; known: {}", name, fmt::join(known, ", ")));
    }
    if (std::ranges::count(config.pipeline, name) > 1) {
      throw ConfigError(fmt::format("level2.pipeline: stage '{}' is given twice", name));
    }
    stages.push_back(found->make(config));
    stages.back()->settings = settings_of(*found, entries, config);
  }
  return stages;
}

void check_order(const StageList& stages) {
  std::set<std::string_view> before;
  for (const auto& stage : stages) {
    for (const level2::Dataset* dataset : stage->reads()) {
      if (before.contains(dataset->stage)) continue;
      throw ConfigError(fmt::format("level2.pipeline: stage '{}' needs {}, which {} must make before it", stage->name(),
                                    dataset->path, dataset->stage));
    }
    before.insert(stage->name());
  }
}

}  // namespace comap
