#include "stages/check_level1/check_level1.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "config/binder.hpp"
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
    for (PointingFault& fault : observation.pointing_faults.view().piece(first, end - first, row)) {
      if (fault == PointingFault::none) fault = PointingFault::misplaced;
    }
  }
}

void bind(Binder& binder, CheckLevel1Config& config) {
  Binder& limits = binder.without_effect();  // of the observation: they refuse, or warn
  limits.number("min_mjd", config.min_mjd, {0}, "earlier: refused [d, UTC]");
  limits.number("max_mjd", config.max_mjd, {0}, "later: refused [d, UTC]");
  limits.number("min_frequency_GHz", config.min_frequency_GHz, {kAboveZero}, "lower: refused [GHz]");
  limits.number("max_frequency_GHz", config.max_frequency_GHz, {kAboveZero}, "higher: refused [GHz]");
  limits.number("max_time_gap_s", config.max_time_gap_s, {kAboveZero}, "longer steps are pauses of the recording [s]");
  limits.number("max_sample_time_error", config.max_sample_time_error, {kAboveZero},
                "relative, of the sample time to attribute tsamp; more: warned, or refused");
  limits.number("warn_position_error_arcsec", config.warn_position_error_arcsec, {kAboveZero},
                "az/el/MJD against the file's own pixel_ra/dec; more: warned [arcsec]");
  limits.number("max_position_error_arcsec", config.max_position_error_arcsec, {kAboveZero},
                "the same; more: refused [arcsec]");
  binder.number("max_pointing_speed_deg_s", config.max_pointing_speed_deg_s, {kAboveZero},
                "faster steps on the sky are jumps, and missing [deg/s]");
  binder.number("max_pointing_hold_s", config.max_pointing_hold_s, {kAboveZero},
                "longer at one place inside a moving scan: missing [s]");
  binder.number("max_counts_ratio", config.max_counts_ratio, {1}, "counts over the channel's median; more: missing");
  binder.number("max_leap", config.max_leap, {kAboveZero},
                "relative, of a band's power within a sample and back again in at most 1 s; more: missing");
  binder.integer_as("max_repeats", config.max_repeats, {0, 1e6},
                    "equal spectra in a row besides the first; more: missing");
  binder.number("max_repeated_fraction", config.max_repeated_fraction, {0, 1},
                "of a feed's samples in scans; more: the feed is left out");
  binder.number("min_noise_ratio", config.min_noise_ratio, {0, 1},
                "variance over that of the radiometer equation; less: the scan of the feed is missing");
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
