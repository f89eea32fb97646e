#include "stages/check_level1/misplaced_scans.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/constants.hpp"
#include "stages/check_level1/pointing_screen.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr std::size_t kLeastInARow = 3;

/// Samples [first, end) in which a limit is passed.
using Stretch = std::array<std::int64_t, 2>;

/// `stretch` without the runs in which it only has the end after the last sample that agrees, or the start before the
/// next.
Stretch without_neighbours(Stretch stretch, const Stretch& above, const std::vector<Stretch>& runs) {
  for (const auto& [start, end] : runs) {
    if (end <= above[0]) stretch[0] = std::max(stretch[0], end);
    if (start > above[1]) stretch[1] = std::min(stretch[1], start);
  }
  return stretch;
}

/// From the sample after the last that agrees, in the same run, to the next that does.
std::vector<Stretch> stretches_above(std::span<const double> error_arcsec, double limit_arcsec,
                                     const std::vector<std::int64_t>& samples, const std::vector<Stretch>& runs,
                                     std::int64_t n_samples) {
  std::vector<Stretch> stretches;
  std::int64_t first = 0;
  Stretch above{};
  std::size_t n_above = 0;
  const auto close = [&](std::int64_t end) {
    if (n_above >= kLeastInARow) stretches.push_back(without_neighbours({first, end}, above, runs));
    n_above = 0;
  };
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(error_arcsec[i])) continue;
    if (error_arcsec[i] > limit_arcsec) {
      if (n_above++ == 0) above[0] = samples[i];
      above[1] = samples[i];
      continue;
    }
    close(samples[i]);
    first = samples[i] + 1;
  }
  close(n_samples);
  return stretches;
}

/// Takes samples out that are known to be wrong otherwise.
void forget_faulty(const Level1Metadata& level1, const StatedPositions& stated, int feed,
                   const CheckLevel1Config& config, std::span<double> error_arcsec) {
  const Stretch all = {0, level1.n_samples};
  const FeedDirections directions = {level1.mjd, feed_samples(level1, level1.azimuth_deg, feed, all),
                                     feed_samples(level1, level1.elevation_deg, feed, all)};
  std::vector<PointingFault> faults = pointing_faults(directions, config);
  mark_frozen(directions, observing_runs(level1, all), config, faults);
  for (std::size_t i = 0; i < stated.samples.size(); ++i) {
    if (faults[stated.samples[i]] != PointingFault::none) error_arcsec[i] = kNan;
  }
}

/// "scans 2, 3 (samples 2950-4949, ...)", of runs in which the telescope observes; counted from 0.
std::string text_of(const std::vector<Stretch>& stretches, const std::vector<Stretch>& runs) {
  std::vector<std::size_t> scans;
  for (std::size_t scan = 0; scan < runs.size(); ++scan) {
    const auto overlaps = [&](const Stretch& stretch) {
      return stretch[0] < runs[scan][1] && runs[scan][0] < stretch[1];
    };
    if (std::ranges::any_of(stretches, overlaps)) scans.push_back(scan);
  }
  std::vector<std::string> samples;
  for (const auto& [first, end] : stretches) samples.push_back(fmt::format("{}-{}", first, end - 1));
  if (scans.size() == runs.size()) return "all scans, of other feeds they agree";
  return fmt::format("scan{} {} (from 0; samples {}), elsewhere they agree", scans.size() > 1 ? "s" : "",
                     fmt::join(scans, ", "), fmt::join(samples, ", "));
}

}  // namespace

void find_misplaced(const Level1Metadata& level1, const StatedPositions& stated, const PositionComparison& comparison,
                    const CheckLevel1Config& config, MetadataVerdict& verdict) {
  std::vector<double> errors_arcsec = comparison.separations_arcsec(kIcrsDegrees, 0.0);
  const std::size_t n_times = stated.samples.size();
  const std::vector<Stretch> runs = observing_runs(level1, {0, level1.n_samples});
  for (std::size_t i = 0; i < comparison.feeds().size(); ++i) {
    const int feed = comparison.feeds()[i];
    const std::span<double> of_feed = std::span(errors_arcsec).subspan(i * n_times, n_times);
    const auto found = [&](double limit_arcsec) {
      return stretches_above(of_feed, limit_arcsec, stated.samples, runs, level1.n_samples);
    };
    const auto say = [&](double limit_arcsec, const std::vector<Stretch>& stretches, const char* done) {
      verdict.troubles.push_back({TroubleKind::pointing_jump,
                                  "check_level1",
                                  "spectrometer/pixel_pointing",
                                  fmt::format("az, el and MJD give places more than {:g} arcsec from pixel_ra, "
                                              "pixel_dec in {}",
                                              limit_arcsec, text_of(stretches, runs)),
                                  done,
                                  {feed}});
    };
    if (found(config.warn_position_error_arcsec).empty()) continue;
    forget_faulty(level1, stated, feed, config, of_feed);
    const std::vector<Stretch> doubtful = found(config.warn_position_error_arcsec);
    const std::vector<Stretch> wrong = found(config.max_position_error_arcsec);
    if (!wrong.empty()) say(config.max_position_error_arcsec, wrong, "these samples are left out of maps");
    if (wrong.empty() && !doubtful.empty()) say(config.warn_position_error_arcsec, doubtful, "az, el and MJD are used");
    for (const auto& [first, end] : wrong) verdict.misplaced.push_back({row_of_feed(level1, feed), first, end});
  }
}

}  // namespace comap
