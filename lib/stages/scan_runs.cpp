#include "stages/scan_runs.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr std::array<int, 3> kScanFeatures = {8, 9, 10};
constexpr std::int64_t kScanBits = (1 << 8) | (1 << 9) | (1 << 10);
constexpr double kOddShare = 0.1;  ///< of the samples of the most frequent kind

std::int64_t scan_bits(std::int64_t bits) { return bits > 0 ? bits & kScanBits : 0; }

/// "8 and 9"
std::string feature_names(std::int64_t bits) {
  std::vector<int> names;
  for (const int feature : kScanFeatures) {
    if (has_feature(bits, feature)) names.push_back(feature);
  }
  return fmt::format("{}", fmt::join(names, " and "));
}

Trouble flags_trouble(std::string what, std::string done) {
  return {TroubleKind::scan_flags, "find_scans", "spectrometer/features", std::move(what), std::move(done)};
}

double step_before_s(std::span<const double> mjd, std::int64_t sample) {
  const std::size_t i = sample;
  return (mjd[i] - mjd[i - 1]) * kSecondsPerDay;
}

/// Whether the recording pauses before one of the samples [first, last].
bool pauses(std::span<const double> mjd, std::int64_t first, std::int64_t last, double max_gap_s) {
  for (std::int64_t i = first; i <= last; ++i) {
    if (step_before_s(mjd, i) > max_gap_s) return true;
  }
  return false;
}

std::vector<SampleRange> cut_at_pauses(const std::vector<SampleRange>& runs, std::span<const double> mjd,
                                       double max_gap_s, std::vector<Trouble>& troubles) {
  std::vector<SampleRange> pieces;
  for (const auto& [start, end] : runs) {
    std::int64_t first = start;
    for (std::int64_t i = start + 1; i < end; ++i) {
      const double step_s = step_before_s(mjd, i);
      if (step_s <= max_gap_s) continue;
      pieces.push_back({first, i});
      first = i;
      troubles.push_back({TroubleKind::recording_gap, "find_scans", "spectrometer/MJD",
                          fmt::format("the recording pauses for {:.1f} s inside a scan, before sample {}", step_s, i),
                          "the scan is cut in two there"});
    }
    pieces.push_back({first, end});
  }
  return pieces;
}

/// Whether the samples between two runs of a scan only look as if the scan had ended.
bool is_flicker(std::span<const ScanState> states, SampleRange between, std::int64_t longest_flicker) {
  const auto part = states.subspan(between[0], between[1] - between[0]);
  if (std::ranges::find(part, ScanState::vane) != part.end()) return false;
  const bool is_odd = std::ranges::all_of(part, [](ScanState state) { return state == ScanState::odd; });
  return std::ssize(part) <= longest_flicker || is_odd;
}

}  // namespace

bool has_scan_feature(std::int64_t bits) { return scan_bits(bits) != 0; }

std::vector<ScanState> scan_states(std::span<const std::int64_t> features, SampleRange within,
                                   std::vector<Trouble>& troubles) {
  std::map<std::int64_t, std::int64_t> n_samples;  // by kind
  for (std::int64_t i = within[0]; i < within[1]; ++i) {
    const std::int64_t kind = scan_bits(features[i]);
    if (kind != 0) ++n_samples[kind];
  }
  const auto most = std::ranges::max_element(n_samples, {}, [](const auto& entry) { return entry.second; });
  const auto is_odd = [&](std::int64_t n) {
    return static_cast<double>(n) < kOddShare * static_cast<double>(most->second);
  };
  for (const auto& [kind, n] : n_samples) {
    if (!is_odd(n)) continue;
    troubles.push_back(flags_trouble(
        fmt::format("{} samples have feature {}, the scans {}", n, feature_names(kind), feature_names(most->first)),
        "they are no scan of their own"));
  }
  std::vector<ScanState> states;
  for (const std::int64_t bits : features) {
    const auto found = n_samples.find(scan_bits(bits));
    states.push_back(found == n_samples.end() ? ScanState::other
                     : is_odd(found->second)  ? ScanState::odd
                                              : ScanState::scan);
  }
  return states;
}

std::vector<SampleRange> scan_runs(std::span<const ScanState> states, SampleRange within, std::int64_t longest_flicker,
                                   std::span<const double> mjd, double max_gap_s, std::vector<Trouble>& troubles) {
  std::vector<std::uint8_t> is_scan;
  for (const ScanState state : states) is_scan.push_back(state == ScanState::scan ? 1 : 0);
  std::vector<SampleRange> runs;
  int n_flickers = 0;
  for (const SampleRange& run : cut_at_pauses(runs_where(is_scan, within), mjd, max_gap_s, troubles)) {
    if (!runs.empty() && is_flicker(states, {runs.back()[1], run[0]}, longest_flicker) &&
        !pauses(mjd, runs.back()[1], run[0], max_gap_s)) {
      runs.back()[1] = run[1];
      ++n_flickers;
    } else {
      runs.push_back(run);
    }
  }
  if (n_flickers > 0) {
    troubles.push_back(flags_trouble(fmt::format("the scan flag is interrupted {} times for a moment", n_flickers),
                                     "the scans go on over these samples"));
  }
  return runs;
}

}  // namespace comap
