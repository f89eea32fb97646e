#include "stages/check_level1/clock_jumps.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "data/level2_datasets.hpp"
#include "io/level1/sample_times.hpp"
#include "stages/check_level1/position_comparison.hpp"

namespace comap {
namespace {

using Range = std::array<std::int64_t, 2>;

constexpr std::size_t kMostStretches = 64;
constexpr double kHousekeepingMargin_s = 5.0;  ///< by which samples may outlast the housekeeping

StatedPositions positions_within(const Level1Metadata& level1, const StatedPositions& stated, const Range& range) {
  const auto first = std::ranges::lower_bound(stated.samples, range[0]);
  const auto last = std::ranges::lower_bound(stated.samples, range[1]);
  const std::size_t n_all = stated.samples.size();
  StatedPositions part{{first, last}, {}, {}};
  for (std::size_t row = 0; row < static_cast<std::size_t>(level1.n_feeds); ++row) {
    const auto from = static_cast<std::ptrdiff_t>(row * n_all) + (first - stated.samples.begin());
    const auto end = from + (last - first);
    part.ra.insert(part.ra.end(), stated.ra.begin() + from, stated.ra.begin() + end);
    part.dec.insert(part.dec.end(), stated.dec.begin() + from, stated.dec.begin() + end);
  }
  return part;
}

/// How late each stretch is [s] as the positions say; empty when they do not tell for all of them.
std::vector<double> lateness_s(const Level1Metadata& level1, const StatedPositions& stated,
                               const std::vector<Range>& stretches, double limit_arcsec, const Observer& observer) {
  std::vector<double> late_s;
  for (const Range& stretch : stretches) {
    const PositionComparison comparison(level1, positions_within(level1, stated, stretch), observer);
    const bool is_right = comparison.error_arcsec(kIcrsDegrees, 0.0) <= limit_arcsec;
    late_s.push_back(is_right ? 0.0 : comparison.late_s());
    if (!(comparison.error_arcsec(kIcrsDegrees, late_s.back()) <= limit_arcsec)) return {};
  }
  return late_s;
}

/// True when the samples end with the housekeeping only without the jumps.
bool housekeeping_agrees(const Level1Metadata& level1, double late_s) {
  if (level1.vane.utc_mjd.empty()) return false;
  const double outlasted_s = (level1.mjd.back() - level1.vane.utc_mjd.back()) * kSecondsPerDay;
  return outlasted_s > std::max(late_s / 2.0, kHousekeepingMargin_s) && outlasted_s - late_s <= kHousekeepingMargin_s;
}

}  // namespace

std::vector<Range> stretches_between_gaps(const Level1Metadata& level1, double max_gap_s) {
  std::vector<Range> stretches = {{0, level1.n_samples}};
  for (std::size_t i = 1; i < level1.mjd.size(); ++i) {
    if ((level1.mjd[i] - level1.mjd[i - 1]) * kSecondsPerDay <= max_gap_s) continue;
    stretches.back()[1] = i;
    stretches.push_back({static_cast<std::int64_t>(i), level1.n_samples});
  }
  if (stretches.size() > kMostStretches) return {{0, level1.n_samples}};
  return stretches;
}

std::optional<Trouble> mend_clock_jumps(Level1Metadata& level1, const StatedPositions& stated,
                                        const CheckLevel1Config& config, const Observer& observer) {
  const std::vector<Range> stretches = stretches_between_gaps(level1, config.max_time_gap_s);
  if (stretches.size() < 2) return std::nullopt;
  const std::vector<double> late_s = lateness_s(level1, stated, stretches, config.warn_position_error_arcsec, observer);
  if (late_s.empty() || late_s.front() != 0.0 || !housekeeping_agrees(level1, late_s.back())) return std::nullopt;
  std::vector<double> mended = level1.mjd;
  std::vector<std::string> jumps;
  for (std::size_t k = 1; k < stretches.size(); ++k) {
    const auto first = static_cast<std::size_t>(stretches[k][0]), end = static_cast<std::size_t>(stretches[k][1]);
    for (std::size_t i = first; i < end; ++i) mended[i] -= late_s[k] / kSecondsPerDay;
    if (mended[first] <= mended[first - 1]) return std::nullopt;
    jumps.push_back(fmt::format("{:.1f}", late_s[k] - late_s[k - 1]));
  }
  level1.mjd = std::move(mended);
  level1.sample_time_s = sample_time_s(level1.mjd);
  return Trouble{TroubleKind::clock, "check_level1", std::string(level2::kMjd),
                 fmt::format("jumps by {} s at gaps, which neither pixel_ra and pixel_dec nor the times of the "
                             "housekeeping follow",
                             fmt::join(jumps, ", ")),
                 "the jumps are taken out of the times"};
}

}  // namespace comap
