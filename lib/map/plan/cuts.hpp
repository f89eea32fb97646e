#pragma once
/// \file
/// The data that are not in a map, and why: one record for each scan of a feed and band.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/communicator.hpp"
#include "data/sample_flag.hpp"
#include "io/map/continuum_map.hpp"
#include "map/plan/selection.hpp"

namespace comap {

inline constexpr std::int32_t kNotCut = -1;

/// Samples of one scan of a (feed, frequency_band). A scan that is left out has a reason, and of its samples only those
/// with a flag are counted elsewhere, in n_flagged; of another n_samples = n_used + n_missing + n_glitches +
/// n_off_grid, each sample counted once, in the order missing, glitch, off the grid. Plain numbers, for they travel
/// between ranks as bytes.
struct ScanCuts {
  std::int64_t observation = 0;  ///< index in the job's list
  std::int32_t feed = 0;
  std::int32_t frequency_band = 0;
  std::int32_t scan = 0;          ///< -1: the feed is not in the file
  std::int32_t reason = kNotCut;  ///< an Exclusion
  std::int64_t n_samples = 0;
  std::int64_t n_used = 0;
  std::int64_t n_missing = 0;   ///< NaN in the file, or with a flag
  std::int64_t n_glitches = 0;  ///< with the samples around them that are cut
  std::int64_t n_off_grid = 0;
  std::int64_t n_bright = 0;  ///< of those used: less weight in the solver
  /// Samples with a flag of Level-2, all of them missing: by bits of data/sample_flag.hpp, the lowest that each has.
  std::array<std::int64_t, sample_flag::kBits> n_flagged{};

  static auto members(auto& x) {
    return std::tie(x.observation, x.feed, x.frequency_band, x.scan, x.reason, x.n_samples, x.n_used, x.n_missing,
                    x.n_glitches, x.n_off_grid, x.n_bright, x.n_flagged);
  }
};

/// Fills n_flagged.
void count_flags(std::span<const std::uint8_t> flags, ScanCuts& cuts);

/// Counts the samples of a scan that is used. `tod_K` as in the file, NaN where there is a flag,
/// `glitches` sample indices of the scan, `solver_factor` [sample] or empty.
void count_samples(std::span<const std::int32_t> pixel, std::span<const float> tod_K,
                   std::span<const std::int64_t> glitches, std::span<const float> solver_factor, ScanCuts& cuts);

/// The records of all ranks on rank 0, in order of observation, feed, band and scan; empty on the others. Collective.
std::vector<ScanCuts> gather_cuts(const std::vector<ScanCuts>& mine, const Communicator& ranks);

/// For the table CUTS of a map.
std::vector<CutRow> cut_rows(const std::vector<ScanCuts>& cuts, const std::vector<MapObservation>& observations);

/// Percentages of samples by reason, then the observations and the feeds of which least is used.
std::vector<std::string> cut_lines(const std::vector<ScanCuts>& cuts, const std::vector<MapObservation>& observations);

}  // namespace comap
