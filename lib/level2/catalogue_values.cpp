#include "level2/catalogue_values.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/constants.hpp"
#include "io/level2/level2_schema.hpp"
#include "math/glitches.hpp"

namespace comap {
namespace {

constexpr std::size_t kCatalogueSubBands = 2;  ///< quality_flags.frequency_band is 0-7

struct NoiseColumn {
  std::string_view dataset;
  std::string_view statistic;
  std::string_view column;
};
constexpr std::array<NoiseColumn, 8> kNoiseColumns = {{
    {"binned_filtered_data", "sigma_white", "filtered_white_noise"},
    {"binned_filtered_data", "sigma_red", "filtered_red_noise"},
    {"binned_filtered_data", "alpha", "filtered_noise_index"},
    {"binned_filtered_data", "auto_rms", "filtered_auto_rms"},
    {"binned_data", "sigma_white", "unfiltered_white_noise"},
    {"binned_data", "sigma_red", "unfiltered_red_noise"},
    {"binned_data", "alpha", "unfiltered_noise_index"},
    {"binned_data", "auto_rms", "unfiltered_auto_rms"},
}};

double finite_mean(std::span<const double> values) {
  double sum = 0.0;
  double n = 0.0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    n += 1.0;
  }
  return n > 0.0 ? sum / n : kNan;
}

/// Mean atmosphere offset [K] of the channels of a sub-band that the gain filter used.
double mean_atmosphere_K(const ProductTable& products, std::size_t element, std::size_t n_channels) {
  if (!products.contains(level2::kAtmosphereOffsets) || !products.contains(level2::kChannelMask)) return kNan;
  const auto offsets = products.get<double>(level2::kAtmosphereOffsets);
  const auto mask = products.get<std::uint8_t>(level2::kChannelMask);
  const std::size_t n_scans = offsets.size() / mask.size();
  const std::size_t n_in_element = n_channels / kCatalogueSubBands;
  std::vector<double> means;
  for (std::size_t channel = element * n_in_element; channel < (element + 1) * n_in_element; ++channel) {
    if (mask[channel] == 0) means.push_back(finite_mean(offsets.subspan(channel * n_scans, n_scans)));
  }
  return finite_mean(means);
}

QualityRow quality_row(const FeedResult& feed, std::size_t element, std::size_t n_channels) {
  constexpr std::size_t n_elements = kBands * kCatalogueSubBands;
  QualityRow row;
  row.feed = feed.feed;
  row.frequency_band = static_cast<int>(element);
  const auto add = [&](std::string_view column, double value) {
    if (std::isfinite(value)) row.statistics.emplace(column, value);
  };
  for (const NoiseColumn& noise : kNoiseColumns) {
    const std::string path = fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, noise.dataset, noise.statistic);
    if (!feed.products.contains(path)) continue;
    const auto values = feed.products.get<double>(path);
    const std::size_t n_scans = values.size() / n_elements;
    add(noise.column, finite_mean(values.subspan(element * n_scans, n_scans)));
  }
  if (feed.products.contains(kNanCounts)) {
    add("n_nan_values", static_cast<double>(feed.products.get<std::int64_t>(kNanCounts)[element]));
  }
  if (feed.products.contains(kGlitchCount)) {
    add("n_spikes", static_cast<double>(feed.products.get<std::int64_t>(kGlitchCount)[0]));
  }
  add("mean_atm_temp", mean_atmosphere_K(feed.products, element, n_channels));
  return row;
}

}  // namespace

void add_sample_counts(const ObservationContext& observation, double glitch_sigma, ProductTable& feed_products) {
  if (!feed_products.contains(level2::kBinnedFiltered)) return;
  const auto streams = feed_products.get<float>(level2::kBinnedFiltered);
  const auto n_samples = static_cast<std::size_t>(observation.level1.n_samples);
  std::vector<std::int64_t> nan_counts(streams.size() / n_samples, 0);
  std::int64_t n_glitches = 0;
  for (const auto& [start, end] : observation.scans) {
    const auto n_in_scan = static_cast<std::size_t>(end - start);
    HalfBandSum sum(n_in_scan);
    for (std::size_t element = 0; element < nan_counts.size(); ++element) {
      const auto scan = streams.subspan(element * n_samples + static_cast<std::size_t>(start), n_in_scan);
      nan_counts[element] += std::ranges::count_if(scan, [](float value) { return std::isnan(value); });
      sum.add(scan);
    }
    n_glitches += std::ssize(find_glitches(sum.values(), glitch_sigma));
  }
  feed_products.set(kNanCounts, std::move(nan_counts));
  feed_products.set(kGlitchCount, std::vector<std::int64_t>{n_glitches});
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
    const bool fits = feed.products.contains(kNanCounts) &&
                      feed.products.get<std::int64_t>(kNanCounts).size() == kBands * kCatalogueSubBands;
    for (std::size_t element = 0; fits && element < kBands * kCatalogueSubBands; ++element) {
      result.quality.push_back(quality_row(feed, element, static_cast<std::size_t>(observation.level1.n_channels)));
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

nlohmann::json to_json(const ObservationResult& result) {
  nlohmann::json quality = nlohmann::json::array();
  for (const QualityRow& row : result.quality) {
    quality.push_back({{"feed", row.feed}, {"frequency_band", row.frequency_band}, {"statistics", row.statistics}});
  }
  nlohmann::json calibration = nlohmann::json::array();
  for (const CalibrationFlux& row : result.calibration) calibration.push_back(to_json(row));
  return {{"obsid", result.obsid},
          {"complete", result.complete},
          {"error", result.error},
          {"level2_path", result.level2_path},
          {"summary", result.summary},
          {"quality", quality},
          {"calibration", calibration},
          {"troubles", to_json(result.troubles)},
          {"level2_digest", result.level2_digest}};
}

ObservationResult result_from_json(const nlohmann::json& json) {
  ObservationResult result;
  json.at("obsid").get_to(result.obsid);
  json.at("complete").get_to(result.complete);
  json.at("error").get_to(result.error);
  json.at("level2_path").get_to(result.level2_path);
  json.at("summary").get_to(result.summary);
  for (const auto& entry : json.at("quality")) {
    QualityRow& row = result.quality.emplace_back();
    entry.at("feed").get_to(row.feed);
    entry.at("frequency_band").get_to(row.frequency_band);
    entry.at("statistics").get_to(row.statistics);
  }
  // A result that an earlier version has kept for later has none.
  for (const auto& entry : json.value("calibration", nlohmann::json::array())) {
    result.calibration.push_back(calibration_flux_from_json(entry, result.obsid));
  }
  result.level2_digest = json.value("level2_digest", "");
  result.troubles = troubles_from_json(json.value("troubles", nlohmann::json::array()));
  return result;
}

nlohmann::json to_json(const Observation& observation) {
  return {{"obsid", observation.obsid},
          {"source", observation.source},
          {"source_group", observation.source_group},
          {"level1_path", observation.level1_path},
          {"level2_path", observation.level2_path},
          {"utc_start", observation.utc_start}};
}

Observation observation_from_json(const nlohmann::json& json) {
  Observation observation;
  json.at("obsid").get_to(observation.obsid);
  json.at("source").get_to(observation.source);
  json.at("source_group").get_to(observation.source_group);
  json.at("level1_path").get_to(observation.level1_path);
  json.at("level2_path").get_to(observation.level2_path);
  json.at("utc_start").get_to(observation.utc_start);
  return observation;
}

}  // namespace comap
