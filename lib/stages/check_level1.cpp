#include "stages/check_level1.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "stages/check_metadata.hpp"

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
}

}  // namespace comap
