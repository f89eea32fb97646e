#include "level2/catalogue_values.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "math/glitches.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

struct NoiseColumn {
  const level2::ArrayDataset<double, 3>& dataset;
  std::string_view column;
};
constexpr std::array<NoiseColumn, 8> kNoiseColumns = {{
    {level2::kNoiseOfFiltered.sigma_white, "filtered_white_noise"},
    {level2::kNoiseOfFiltered.sigma_red, "filtered_red_noise"},
    {level2::kNoiseOfFiltered.alpha, "filtered_noise_index"},
    {level2::kNoiseOfFiltered.auto_rms, "filtered_auto_rms"},
    {level2::kNoiseOfUnfiltered.sigma_white, "unfiltered_white_noise"},
    {level2::kNoiseOfUnfiltered.sigma_red, "unfiltered_red_noise"},
    {level2::kNoiseOfUnfiltered.alpha, "unfiltered_noise_index"},
    {level2::kNoiseOfUnfiltered.auto_rms, "unfiltered_auto_rms"},
}};

/// Mean atmosphere offset [K] of the channels of a sub-band that the gain filter used.
double mean_atmosphere_K(const ProductTable& products, int band, int sub_band) {
  if (!products.contains(level2::kAtmosphereOffsets) || !products.contains(level2::kChannelMask)) return kNan;
  const auto offsets = products.get(level2::kAtmosphereOffsets);
  const auto mask = products.get(level2::kChannelMask);
  const Index n_in_sub_band = mask.shape(1) / kCatalogueSubBands;
  std::vector<double> means;
  for (Index channel = sub_band * n_in_sub_band; channel < (sub_band + 1) * n_in_sub_band; ++channel) {
    if (mask(band, channel) == 0) means.push_back(finite_mean(offsets.row(band, channel)));
  }
  return finite_mean(means);
}

QualityRow quality_row(const FeedResult& feed, int band, int sub_band) {
  QualityRow row;
  row.feed = feed.feed;
  row.frequency_band = band * kCatalogueSubBands + sub_band;
  const auto add = [&](std::string_view column, double value) {
    if (std::isfinite(value)) row.statistics.emplace(column, value);
  };
  for (const NoiseColumn& noise : kNoiseColumns) {
    if (!feed.products.contains(noise.dataset)) continue;
    add(noise.column, finite_mean(feed.products.get(noise.dataset).row(band, sub_band)));
  }
  if (feed.products.contains(kNanCounts)) {
    add("n_nan_values", static_cast<double>(feed.products.get(kNanCounts)(band, sub_band)));
  }
  if (feed.products.contains(kGlitchCount)) {
    add("n_spikes", static_cast<double>(feed.products.get(kGlitchCount)(0)));
  }
  add("mean_atm_temp", mean_atmosphere_K(feed.products, band, sub_band));
  return row;
}

}  // namespace

void add_sample_counts(const ObservationContext& observation, double glitch_sigma, ProductTable& feed_products) {
  if (!feed_products.contains(level2::kBinnedFiltered)) return;
  const auto streams = feed_products.get(level2::kBinnedFiltered);
  Array nan_counts(shape_of(streams.shape(0), streams.shape(1)), std::int64_t{0});
  std::int64_t n_glitches = 0;
  for (const auto& [start, end] : observation.scans) {
    HalfBandSum sum(static_cast<std::size_t>(end - start));
    for (Index band = 0; band < streams.shape(0); ++band) {
      for (Index sub_band = 0; sub_band < streams.shape(1); ++sub_band) {
        const auto scan = streams.piece(start, end - start, band, sub_band);
        nan_counts(band, sub_band) += std::ranges::count_if(scan, [](float value) { return std::isnan(value); });
        sum.add(scan);
      }
    }
    n_glitches += std::ssize(find_glitches(sum.values(), glitch_sigma));
  }
  feed_products.set(kNanCounts, std::move(nan_counts));
  feed_products.set(kGlitchCount, Array(shape_of(1), n_glitches));
}

void fill_catalogue_values(const ObservationContext& observation, const StageList& stages,
                           const std::vector<FeedResult>& feeds, ObservationResult& result) {
  std::vector<ProductTable> products;
  for (const FeedResult& feed : feeds) products.push_back(feed.products);
  for (const auto& stage : stages) {
    const nlohmann::json summary = stage->summary(observation, products);
    for (const auto& [column, value] : summary.items()) {
      if (value.is_number() && std::isfinite(value.get<double>())) result.summary[column] = value.get<double>();
    }
  }
  for (const FeedResult& feed : feeds) {
    for (const auto& stage : stages) {
      std::ranges::copy(stage->calibration_flux(observation, feed.feed, feed.products),
                        std::back_inserter(result.calibration));
    }
    if (observation.n_freq_bin != kCatalogueSubBands || !feed.products.contains(kNanCounts)) continue;
    for (int element = 0; element < kBands * kCatalogueSubBands; ++element) {
      result.quality.push_back(quality_row(feed, element / kCatalogueSubBands, element % kCatalogueSubBands));
    }
  }
}

namespace {

/// Numbers of a row of calibration_flux, by the names of its columns.
constexpr std::array<std::pair<std::string_view, double CalibrationFlux::*>, 6> kFluxNumbers = {{
    {"mjd", &CalibrationFlux::mjd},
    {"measured_flux", &CalibrationFlux::measured_flux_Jy},
    {"flux_error", &CalibrationFlux::flux_error_Jy},
    {"amplitude", &CalibrationFlux::amplitude_K},
    {"chi2", &CalibrationFlux::chi2},
    {"frequency_GHz", &CalibrationFlux::frequency_GHz},
}};

}  // namespace

nlohmann::json to_json(const CalibrationFlux& row) {
  nlohmann::json json = {{"feed", row.feed}, {"band", row.band}, {"channel", row.channel}, {"source", row.source}};
  for (const auto& [name, member] : kFluxNumbers) {
    if (std::isfinite(row.*member)) json[std::string(name)] = row.*member;
  }
  return json;
}

CalibrationFlux calibration_flux_from_json(const nlohmann::json& json, std::int64_t obsid) {
  CalibrationFlux row;
  row.obsid = obsid;
  json.at("feed").get_to(row.feed);
  json.at("band").get_to(row.band);
  json.at("channel").get_to(row.channel);
  json.at("source").get_to(row.source);
  for (const auto& [name, member] : kFluxNumbers) row.*member = json.value(std::string(name), kNan);
  return row;
}

}  // namespace comap
