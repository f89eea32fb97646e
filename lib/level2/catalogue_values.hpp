#pragma once
/// \file
/// The values of a processed observation that the catalogue keeps.

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "data/observation.hpp"
#include "level2/product_gather.hpp"
#include "stages/stage_list.hpp"

namespace comap {

/// Product with the number of NaN samples inside scans [band][n_freq_bin]; made while the time streams are at hand.
inline constexpr level2::ArrayDataset<std::int64_t, 2> kNanCounts{
    "catalogue/n_nan_values", {level2::Axis::band, level2::Axis::sub_band}, "", "finalize_metadata", "NaN in scans"};
/// Product with the number of glitches inside scans, one number for the feed.
inline constexpr level2::ArrayDataset<std::int64_t, 1> kGlitchCount{
    "catalogue/n_spikes", {level2::Axis::edge}, "", "finalize_metadata", "glitches in scans"};

/// Adds kNanCounts and kGlitchCount (by the rule of the map maker, math/glitches.hpp) from the filtered time streams;
/// nothing when there are none.
void add_sample_counts(const ObservationContext& observation, double glitch_sigma, ProductTable& feed_products);

/// Fills summary (columns of observation_summary from every stage's summary()) and quality rows (columns of
/// quality_flags: scan averages of the noise fits over finite values, NaN samples, glitches, mean atmosphere). Columns
/// without a finite value are left out. There are quality rows only with 2 sub-bands, which is what the catalogue can
/// hold.
/// Adds the rows of calibration_flux of every stage and feed.
void fill_catalogue_values(const ObservationContext& observation, const StageList& stages,
                           const std::vector<FeedResult>& feeds, ObservationResult& result);

/// NaN values are left out; so is the obsid.
nlohmann::json to_json(const CalibrationFlux& row);
CalibrationFlux calibration_flux_from_json(const nlohmann::json& json, std::int64_t obsid);

}  // namespace comap
