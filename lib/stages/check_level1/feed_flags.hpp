#pragma once
/// \file
/// The flags of the samples of one feed (level2/sample_flags), and what is said of them.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Flags [band][sample] of one feed while they are made; bits of data/sample_flag.hpp, 0 outside scans.
class FeedFlags {
 public:
  /// All arguments outlive it.
  FeedFlags(const ObservationContext& observation, int feed, const CheckLevel1Config& limits);

  /// The flags of samples of one band.
  std::span<std::uint8_t> of(int band, std::int64_t start, std::int64_t n_samples);

  /// When all scans have been screened: bands that repeat more than `max_repeated_fraction` of their samples in scans
  /// are left out, samples without a direction are flagged, and what was found is added to `troubles`.
  /// `in_single_channels` as SampleScreen has it.
  void finish(std::uint8_t in_single_channels, std::vector<Trouble>& troubles);
  std::vector<std::uint8_t> take() { return std::move(flags_); }

 private:
  void leave_out_repeated(std::vector<Trouble>& troubles);
  void flag_pointing(std::vector<Trouble>& troubles);
  void add_sample_troubles(std::uint8_t in_single_channels, std::vector<Trouble>& troubles) const;

  const ObservationContext& observation_;
  int feed_;
  const CheckLevel1Config& limits_;
  std::vector<std::uint8_t> flags_;
};

/// Samples in scans of any band of a feed that are not lost. `flags` [band][sample].
std::int64_t n_samples_left(const ObservationContext& observation, std::span<const std::uint8_t> flags);

/// "1 missing in Level-1, 2 counts not positive, ...": an attribute of level2/sample_flags.
std::string flag_meanings();

}  // namespace comap
