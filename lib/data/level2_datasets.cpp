#include "data/level2_datasets.hpp"

#include <fmt/ranges.h>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap::level2 {
namespace {

constexpr std::array<std::string_view, kAxes> kAxisNames = {"feed",     "feed_row", "event", "band",   "other_band",
                                                            "sub_band", "channel",  "scan",  "sample", "edge"};

/// By ElementType.
constexpr auto kTypeNames = std::to_array<std::string_view>({"int8", "uint8", "int32", "int64", "float32", "float64"});

// In the order of the stages.
constexpr std::array kAll = std::to_array<const Dataset*>({
    &kMjd,
    &kFeeds,
    &kAzimuth,
    &kElevation,
    &kSampleFlags,
    &kSystemTemperature,
    &kGain,
    &kVaneEventMjd,
    &kScanEdges,
    &kLevel1AutoRms,
    &kAtmosphereOffsets,
    &kAtmosphereTau,
    &kAtmosphereVaneOffsets,
    &kAtmosphereVaneTau,
    &kBinned,
    &kBinnedFiltered,
    &kEffectiveTsys,
    &kWhiteVariance,
    &kGainInformation,
    &kGainInformationMatrix,
    &kSigmaCommon,
    &kSigmaBand,
    &kGainAlpha,
    &kChannelMask,
    &kCentralFrequencies,
    &kBandwidths,
    &kUncleaned,
    &kNoiseOfFiltered.sigma_white,
    &kNoiseOfFiltered.sigma_red,
    &kNoiseOfFiltered.alpha,
    &kNoiseOfFiltered.auto_rms,
    &kNoiseOfUnfiltered.sigma_white,
    &kNoiseOfUnfiltered.sigma_red,
    &kNoiseOfUnfiltered.alpha,
    &kNoiseOfUnfiltered.auto_rms,
    &kAmplitude.value,
    &kAmplitude.error,
    &kRaOffset.value,
    &kRaOffset.error,
    &kDecOffset.value,
    &kDecOffset.error,
    &kAzOffset.value,
    &kAzOffset.error,
    &kElOffset.value,
    &kElOffset.error,
    &kMajorStd.value,
    &kMajorStd.error,
    &kMinorStd.value,
    &kMinorStd.error,
    &kPositionAngle.value,
    &kPositionAngle.error,
    &kFlux.value,
    &kFlux.error,
    &kCalibratorChi2,
});

}  // namespace

std::string_view axis_name(Axis axis) { return kAxisNames[static_cast<std::size_t>(axis)]; }

FeedAxis Dataset::feed_axis() const {
  if (has_axis(Axis::feed)) return FeedAxis::feed_number;
  return has_axis(Axis::feed_row) ? FeedAxis::file_row : FeedAxis::none;
}

std::vector<Index> Dataset::shape(const AxisLengths& lengths) const {
  std::vector<Index> result;
  for (const Axis axis : axes()) result.push_back(lengths[static_cast<std::size_t>(axis)]);
  return result;
}

const NoiseDatasets& noise_of(std::string_view dataset) {
  for (const NoiseDatasets* noise : {&kNoiseOfFiltered, &kNoiseOfUnfiltered}) {
    if (noise->of == dataset) return *noise;
  }
  throw Bug("no noise is fitted to " + std::string(dataset));
}

std::span<const Dataset* const> all_datasets() { return kAll; }

const Dataset* find_dataset(std::string_view path) {
  const auto found = std::ranges::find(kAll, path, [](const Dataset* dataset) { return dataset->path; });
  return found == kAll.end() ? nullptr : *found;
}

std::string axes_text(const Dataset& dataset) {
  std::vector<std::string_view> names;
  for (const Axis axis : dataset.axes()) names.push_back(axis_name(axis));
  return fmt::format("{}", fmt::join(names, " "));
}

std::string datasets_page() {
  std::string page = "| path | type | axes | unit | stage | description |\n| --- | --- | --- | --- | --- | --- |";
  for (const Dataset* line : kAll) {
    page +=
        fmt::format("\n| `{}` | {} | {} | {} | {} | {} |", line->path, kTypeNames[static_cast<std::size_t>(line->type)],
                    axes_text(*line), line->unit, line->stage, line->description);
  }
  return page;
}

}  // namespace comap::level2
