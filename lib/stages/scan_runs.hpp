#pragma once
/// \file
/// Runs of samples of one scan, from flags that flicker and recordings that pause.

#include <span>
#include <vector>

#include "data/trouble.hpp"
#include "stages/vane/housekeeping.hpp"

namespace comap {

enum class ScanState : std::uint8_t {
  other,  ///< no scan flag: the telescope moves to the next scan, or the flag flickers
  scan,   ///< a scan flag
  odd,    ///< a scan flag of a kind that is too rare to be a scan of its own
  vane,   ///< the vane may be in the beam: never part of a scan
};

/// True when a feature of scans is set.
bool has_scan_feature(std::int64_t bits);

/// Features 8, 9 and 10, those of scans, by their bits: `scan` where any is set. The combination of them that has the
/// most samples in `within` is that of the scans, and so is every other that has a tenth of its samples; the others are
/// odd and listed in `troubles`.
std::vector<ScanState> scan_states(std::span<const std::int64_t> features, SampleRange within,
                                   std::vector<Trouble>& troubles);

/// Runs of `scan` within `within`, cut where time steps by more than `max_gap_s`. Two are one when the recording does
/// not pause between them and nothing but other and odd samples lies there, at most `longest_flicker`, or odd ones
/// only.
std::vector<SampleRange> scan_runs(std::span<const ScanState> states, SampleRange within, std::int64_t longest_flicker,
                                   std::span<const double> mjd, double max_gap_s, std::vector<Trouble>& troubles);

}  // namespace comap
