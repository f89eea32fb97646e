#include "map/plan/cuts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/message.hpp"

namespace comap {
namespace {

constexpr std::size_t kWorstShown = 5;  // observations, or feeds

struct Totals {
  std::int64_t n_samples = 0, n_used = 0;
};

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

std::string_view reason_text(const ScanCuts& cuts) {
  return cuts.reason == kNotCut ? std::string_view() : exclusion_text(static_cast<Exclusion>(cuts.reason));
}

void add_line(std::vector<std::string>& lines, std::int64_t n, std::int64_t n_all, std::string_view what) {
  if (n > 0) lines.push_back(fmt::format("{:>8.3f} %  {}", percent(n, n_all), what));
}

/// One line: those of which least is used; `number` tells the observation or feed of a scan. Empty without samples.
template <typename Number>
std::string least_used(const std::string& what, const std::vector<ScanCuts>& cuts, const Number& number) {
  std::map<std::int64_t, Totals> totals;
  for (const ScanCuts& scan : cuts) {
    Totals& of = totals[number(scan)];
    of.n_samples += scan.n_samples;
    of.n_used += scan.n_used;
  }
  std::vector<std::pair<double, std::int64_t>> used;
  for (const auto& [one, of] : totals) {
    if (of.n_samples > 0) used.emplace_back(percent(of.n_used, of.n_samples), one);
  }
  std::ranges::sort(used);
  used.resize(std::min(used.size(), kWorstShown));
  std::string line;
  for (const auto& [percentage, one] : used) {
    line += fmt::format("{}{} {:.1f} %", line.empty() ? "least used " + what + ": " : ", ", one, percentage);
  }
  return line;
}

}  // namespace

void count_flags(std::span<const std::uint8_t> flags, ScanCuts& cuts) {
  for (const std::uint8_t bits : flags) {
    if (bits != 0) ++cuts.n_flagged.at(std::countr_zero(bits));
  }
}

void count_samples(std::span<const std::int32_t> pixel, std::span<const float> tod_K,
                   std::span<const std::int64_t> glitches, std::span<const float> solver_factor, ScanCuts& cuts) {
  std::vector<char> is_glitch(tod_K.size(), 0);
  for (const std::int64_t sample : glitches) is_glitch[sample] = 1;
  for (std::size_t i = 0; i < tod_K.size(); ++i) {
    if (!std::isfinite(tod_K[i])) {
      ++cuts.n_missing;
    } else if (is_glitch[i] != 0) {
      ++cuts.n_glitches;
    } else if (pixel[i] < 0) {
      ++cuts.n_off_grid;
    } else {
      ++cuts.n_used;
      cuts.n_bright += !solver_factor.empty() && solver_factor[i] < 1.0F;
    }
  }
}

std::vector<ScanCuts> gather_cuts(const std::vector<ScanCuts>& mine, const Communicator& ranks) {
  std::vector<ScanCuts> all = joined(gather(ranks, mine));
  std::ranges::sort(all, {}, [](const ScanCuts& cuts) {
    return std::tuple(cuts.observation, cuts.feed, cuts.frequency_band, cuts.scan);
  });
  return all;
}

std::vector<CutRow> cut_rows(const std::vector<ScanCuts>& cuts, const std::vector<MapObservation>& observations) {
  std::vector<CutRow> rows;
  rows.reserve(cuts.size());
  for (const ScanCuts& scan : cuts) {
    rows.push_back({observations[scan.observation].observation.obsid, scan.feed, scan.frequency_band, scan.scan,
                    scan.n_samples, scan.n_used, scan.n_missing, scan.n_glitches, scan.n_off_grid, scan.n_bright,
                    scan.n_flagged, reason_text(scan)});
  }
  return rows;
}

std::vector<std::string> cut_lines(const std::vector<ScanCuts>& cuts, const std::vector<MapObservation>& observations) {
  ScanCuts sum;
  std::array<std::int64_t, kExclusions> left_out{};
  std::int64_t n_without_reason = 0;
  for (const ScanCuts& scan : cuts) {
    sum.n_samples += scan.n_samples;
    sum.n_used += scan.n_used;
    sum.n_glitches += scan.n_glitches;
    sum.n_off_grid += scan.n_off_grid;
    sum.n_bright += scan.n_bright;
    for (std::size_t bit = 0; bit < sum.n_flagged.size(); ++bit) sum.n_flagged[bit] += scan.n_flagged[bit];
    const std::int64_t n_flagged = std::accumulate(scan.n_flagged.begin(), scan.n_flagged.end(), std::int64_t{0});
    if (scan.reason == kNotCut) {
      n_without_reason += scan.n_missing - n_flagged;
    } else {
      left_out[scan.reason] += scan.n_samples - n_flagged;
    }
  }
  std::vector<std::string> lines = {
      fmt::format("samples in scans of these observations, feeds and bands: {}", sum.n_samples)};
  add_line(lines, sum.n_used, sum.n_samples, "used");
  for (std::size_t reason = 0; reason < kExclusions; ++reason) {
    add_line(lines, left_out[reason], sum.n_samples,
             fmt::format("in scans left out: {}", exclusion_text(static_cast<Exclusion>(reason))));
  }
  for (std::size_t bit = 0; bit < sum.n_flagged.size(); ++bit) {
    add_line(lines, sum.n_flagged[bit], sum.n_samples, sample_flag::kTexts[bit]);
  }
  add_line(lines, n_without_reason, sum.n_samples, "missing");
  add_line(lines, sum.n_glitches, sum.n_samples, "glitches");
  add_line(lines, sum.n_off_grid, sum.n_samples, "off the grid");
  add_line(lines, sum.n_bright, sum.n_samples, "used, with less weight in the solver: bright sky");
  const auto obsid_of = [&](const ScanCuts& scan) { return observations[scan.observation].observation.obsid; };
  lines.push_back(least_used("observations", cuts, obsid_of));
  lines.push_back(least_used("feeds", cuts, [](const ScanCuts& scan) { return std::int64_t{scan.feed}; }));
  std::erase(lines, std::string());
  return lines;
}

}  // namespace comap
