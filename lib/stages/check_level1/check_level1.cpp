#include "stages/check_level1/check_level1.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "stages/check_level1/check_metadata.hpp"
#include "stages/check_level1/copied_counts.hpp"
#include "stages/check_level1/feed_flags.hpp"
#include "stages/check_level1/pointing_screen.hpp"

namespace comap {

void CheckLevel1::prepare(ObservationContext& observation) const {
  const auto is_science_feed = [](int feed) { return feed <= kScienceFeeds; };
  if (std::ranges::none_of(observation.level1.feeds, is_science_feed)) {
    throw ObservationError(fmt::format("{}: spectrometer/feeds: no feed to process (expected one of 1..{})",
                                       observation.level1.path, kScienceFeeds));
  }
  const MetadataVerdict verdict = judge_metadata(observation.level1, config_);
  if (!verdict.refusals.empty()) {
    const MetadataRefusal& first = verdict.refusals.front();
    throw ObservationError(
        fmt::format("{}: {}: {}; {}", observation.level1.path, first.dataset, first.what, first.remedy));
  }
  std::ranges::copy(verdict.troubles, std::back_inserter(observation.troubles));
  observation.pointing_faults = bridge_pointing(config_, observation.level1);
  for (const auto& [row, first, end] : verdict.misplaced) {
    const auto of_row = std::span(observation.pointing_faults).subspan(row * observation.level1.mjd.size());
    for (PointingFault& fault :
         of_row.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first))) {
      if (fault == PointingFault::none) fault = PointingFault::misplaced;
    }
  }
}

nlohmann::json CheckLevel1::parameters() const {
  return {{"max_pointing_speed_deg_s", config_.max_pointing_speed_deg_s},
          {"max_pointing_hold_s", config_.max_pointing_hold_s},
          {"max_counts_ratio", config_.max_counts_ratio},
          {"max_leap", config_.max_leap},
          {"max_repeats", config_.max_repeats},
          {"max_repeated_fraction", config_.max_repeated_fraction},
          {"min_noise_ratio", config_.min_noise_ratio}};
}

std::vector<Trouble> CheckLevel1::compare_feeds(const ObservationContext& /*observation*/,
                                                const std::vector<int>& feeds,
                                                const std::vector<ProductTable>& products) const {
  return find_copied_counts(feeds, products);
}

std::vector<OutputAttribute> CheckLevel1::attributes() const {
  return {{std::string(level2::kSampleFlags), "bits", flag_meanings()}};
}

}  // namespace comap
