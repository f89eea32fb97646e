#include "stages/check_level1.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {

void CheckLevel1::prepare(ObservationContext& observation) const {
  const auto is_science_feed = [](int feed) { return feed <= kScienceFeeds; };
  if (std::ranges::any_of(observation.level1.feeds, is_science_feed)) return;
  throw ObservationError(fmt::format("{}: spectrometer/feeds: no feed to process (expected one of 1..{})",
                                     observation.level1.path, kScienceFeeds));
}

}  // namespace comap
