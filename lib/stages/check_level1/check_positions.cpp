#include "stages/check_level1/check_positions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <span>

#include "data/level2_datasets.hpp"
#include "sky/of_date.hpp"
#include "stages/check_level1/clock_jumps.hpp"
#include "stages/check_level1/feed_places.hpp"
#include "stages/check_level1/misplaced_scans.hpp"
#include "stages/check_level1/position_comparison.hpp"

namespace comap {
namespace {

constexpr const char* kPositions = "spectrometer/pixel_pointing/pixel_ra, pixel_dec";
constexpr double kDegreesPerHour = 15.0;
constexpr double kSameOffset_s = 0.5;  ///< of a clock, from one that is known

constexpr double kDegreesPerRadian = 1.0 / kDegree_rad;
constexpr std::array<PositionMeaning, 5> kMeanings = {
    {{1.0, 1.0, true, "they are of date, not J2000"},
     {kDegreesPerHour, 1.0, false, "right ascensions are in hours"},
     {kDegreesPerHour, 1.0, true, "right ascensions are in hours, and both are of date"},
     {kDegreesPerRadian, kDegreesPerRadian, false, "they are in radians"},
     {kDegreesPerRadian, kDegreesPerRadian, true, "they are in radians and of date"}}};

/// " (TAI instead of UTC)" for an offset that a known clock has.
std::string known_clock(double late_s, double mjd_utc) {
  constexpr double kTaiMinusGps_s = 19.0, kTtMinusTai_s = 32.184, kHour_s = 3600.0;
  const double tai_s = tai_minus_utc_s(mjd_utc);
  const auto is = [&](double offset_s) { return std::abs(late_s - offset_s) < kSameOffset_s; };
  if (is(tai_s)) return " (TAI instead of UTC)";
  if (is(tai_s - kTaiMinusGps_s)) return " (GPS time instead of UTC)";
  if (is(tai_s + kTtMinusTai_s)) return " (TT instead of UTC)";
  const double hours = std::round(late_s / kHour_s);
  return hours != 0.0 && is(hours * kHour_s) ? " (local time instead of UTC)" : "";
}

/// The likely reason of a difference that is too large.
struct Explanation {
  std::string text;
  bool is_harmless = false;
};

Explanation explain(const PositionComparison& comparison, double limit_arcsec, double mjd_utc) {
  for (const PositionMeaning& meaning : kMeanings) {
    if (comparison.error_arcsec(meaning, 0.0) <= limit_arcsec) return {meaning.text, true};
  }
  const double late_s = comparison.late_s();
  if (!(comparison.error_arcsec(kIcrsDegrees, late_s) <= limit_arcsec)) return {};
  return {fmt::format("as if MJD were {:.1f} s {}{}", std::abs(late_s), late_s > 0.0 ? "late" : "early",
                      known_clock(late_s, mjd_utc)),
          false};
}

bool holds_nothing(const StatedPositions& stated) {
  for (std::size_t i = 0; i < stated.ra.size(); ++i) {
    const bool is_zero = stated.ra[i] == 0.0 && stated.dec[i] == 0.0;
    if (std::isfinite(stated.ra[i]) && std::isfinite(stated.dec[i]) && !is_zero) return false;
  }
  return true;
}

}  // namespace

MetadataVerdict check_positions(const Level1Metadata& level1, const StatedPositions& stated,
                                const CheckLevel1Config& config, const Observer& observer) {
  MetadataVerdict verdict;
  const PositionComparison comparison(level1, stated, observer);
  const double limit_arcsec = config.warn_position_error_arcsec;
  const double error_arcsec = comparison.error_arcsec(kIcrsDegrees, 0.0);
  if (!std::isfinite(error_arcsec)) {
    if (!holds_nothing(stated)) return verdict;
    verdict.troubles.push_back({TroubleKind::clock, "check_level1", kPositions, "hold nothing",
                                "clock and pointing are not checked against them"});
    return verdict;
  }
  if (error_arcsec <= limit_arcsec) {
    find_misplaced(level1, stated, comparison, config, verdict);
    return verdict;
  }
  const Explanation explanation = explain(comparison, limit_arcsec, level1.mjd.front());
  std::string what = fmt::format("{:.0f} arcsec from what az, el and MJD give", error_arcsec);
  if (!explanation.text.empty()) what += ", " + explanation.text;
  if (!explanation.is_harmless && error_arcsec > config.max_position_error_arcsec) {
    verdict.refusals.push_back(
        {kPositions, what,
         fmt::format("correct the times or the pointing, or raise level2.check_level1.max_position_error_arcsec ({:g})",
                     config.max_position_error_arcsec)});
  } else {
    verdict.troubles.push_back({TroubleKind::clock, "check_level1", kPositions, what, "az, el and MJD are used"});
  }
  return verdict;
}

MetadataVerdict judge_metadata(Level1Metadata& level1, const CheckLevel1Config& config) {
  MetadataVerdict verdict = check_metadata(level1, config);
  const auto is_of_times = [](const MetadataRefusal& refusal) { return refusal.dataset == level2::kMjd.path; };
  if (std::ranges::any_of(verdict.refusals, is_of_times)) return verdict;
  const Observer observer;
  const StatedPositions stated = read_stated_positions(level1, stretches_between_gaps(level1, config.max_time_gap_s));
  if (auto mended = mend_clock_jumps(level1, stated, config, observer)) verdict.troubles.push_back(*mended);
  const MetadataVerdict positions = check_positions(level1, stated, config, observer);
  std::ranges::copy(positions.troubles, std::back_inserter(verdict.troubles));
  std::ranges::copy(positions.refusals, std::back_inserter(verdict.refusals));
  std::ranges::copy(positions.misplaced, std::back_inserter(verdict.misplaced));
  std::ranges::copy(check_feed_places(level1), std::back_inserter(verdict.troubles));
  return verdict;
}

}  // namespace comap
