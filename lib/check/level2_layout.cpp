#include "check/level2_layout.hpp"

#include <fmt/core.h>

#include "io/level2/level2_schema.hpp"

namespace comap {
namespace {

using enum Level2Axis;

/// A dataset and the stage that makes it.
struct StageDataset {
  std::string_view stage;
  Level2Dataset dataset;
};

std::string text(std::string_view path) { return std::string(path); }

std::vector<StageDataset> stage_datasets() {
  const std::vector<Level2Axis> vane = {event, feed_row, band, channel};
  const std::vector<Level2Axis> pointing = {feed_row, sample};
  const std::vector<Level2Axis> channels = {feed_number, band, channel};
  const std::vector<Level2Axis> channel_scans = {feed_number, band, channel, scan};
  const std::vector<Level2Axis> streams = {feed_number, band, sub_band, sample};
  const std::vector<Level2Axis> sub_band_scans = {feed_number, band, sub_band, scan};
  const std::vector<Level2Axis> band_scans = {feed_number, band, scan};
  const std::vector<Level2Axis> sub_bands = {feed_number, band, sub_band};
  return {{"", {text(level2::kMjd), {sample}}},
          {"", {text(level2::kFeeds), {feed_row}}},
          {"", {text(level2::kAzimuth), pointing}},
          {"", {text(level2::kElevation), pointing}},
          {"check_level1", {text(level2::kSampleFlags), {feed_number, band, sample}}},
          {"system_temperature", {text(level2::kSystemTemperature), vane}},
          {"system_temperature", {text(level2::kGain), vane}},
          {"system_temperature", {text(level2::kVaneEventMjd), {event}}},
          {"find_scans", {text(level2::kScanEdges), {scan, edge}}},
          {"noise_stats_level1", {text(level2::kLevel1AutoRms), channels, true}},
          {"atmosphere", {text(level2::kAtmosphereOffsets), channel_scans, true}},
          {"atmosphere", {text(level2::kAtmosphereTau), channel_scans, true}},
          {"atmosphere_vane", {text(level2::kAtmosphereVaneOffsets), channels, true}},
          {"atmosphere_vane", {text(level2::kAtmosphereVaneTau), channels, true}},
          {"gain_filter", {text(level2::kBinned), streams, true}},
          {"gain_filter", {text(level2::kBinnedFiltered), streams, true}},
          {"gain_filter", {text(level2::kEffectiveTsys), sub_band_scans}},
          {"gain_filter", {text(level2::kWhiteVariance), sub_band_scans}},
          {"gain_filter", {text(level2::kGainInformation), band_scans}},
          {"gain_filter", {text(level2::kSigmaCommon), band_scans}},
          {"gain_filter", {text(level2::kSigmaBand), band_scans}},
          {"gain_filter", {text(level2::kGainAlpha), band_scans}},
          {"gain_filter", {text(level2::kChannelMask), channels}},
          {"gain_filter", {text(level2::kCentralFrequencies), sub_bands, true}},
          {"gain_filter", {text(level2::kBandwidths), sub_bands, true}},
          {"post_bin_cleaning", {text(level2::kUncleaned), streams}}};
}

bool is_for_readers(const Level2Dataset& dataset) {
  return dataset.path == level2::kScanEdges || dataset.path == level2::kBinned ||
         dataset.path == level2::kBinnedFiltered;
}

}  // namespace

std::vector<Level2Dataset> level2_layout(const std::set<std::string>& stages,
                                         const std::vector<std::string>& noise_datasets, bool couples_bands) {
  std::vector<Level2Dataset> layout;
  for (StageDataset& entry : stage_datasets()) {
    const bool made = stages.empty() ? is_for_readers(entry.dataset) : stages.contains(std::string(entry.stage));
    if (entry.stage.empty() || made) layout.push_back(std::move(entry.dataset));
  }
  if (couples_bands) layout.push_back({text(level2::kGainInformationMatrix), {feed_number, band, band, scan}});
  for (const std::string& dataset : noise_datasets) {
    for (const char* quantity : {"sigma_white", "sigma_red", "alpha", "auto_rms"}) {
      layout.push_back(
          {fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, dataset, quantity), {feed_number, band, sub_band, scan}});
    }
  }
  return layout;
}

}  // namespace comap
