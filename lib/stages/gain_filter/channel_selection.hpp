#pragma once
/// \file
/// Which channels of a band the gain filter uses in a scan.

#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/feed_block.hpp"

namespace comap {

/// Bits of level2/gain_filter/channel_mask: why a channel was left out.
namespace channel_flag {
inline constexpr std::uint8_t kEdge = 1;         ///< at an end of the band
inline constexpr std::uint8_t kCentre = 2;       ///< around the centre of the band
inline constexpr std::uint8_t kCalibration = 4;  ///< gain or median of the scan not finite or not positive
inline constexpr std::uint8_t kMissing = 8;      ///< more than 1 % of the samples missing in it alone
inline constexpr std::uint8_t kNoise = 16;       ///< first-difference variance out of 0.5-2 x the band's median
inline constexpr std::uint8_t kUnstable = 32;    ///< high Tsys and unstable: left out of the gain estimate only
}  // namespace channel_flag

/// Channels of one band in one scan. All arrays [channel].
struct BandChannels {
  std::vector<std::uint8_t> flags;           ///< sum of channel_flag bits; 0 = good
  std::vector<double> median_counts;         ///< p
  std::vector<double> system_temperature_K;  ///< m = p / gain, with atmosphere and CMB; meaningless where flagged
  std::vector<double> difference_variance;   ///< of y[i+1] - y[i], y = P / p - 1

  bool good(std::size_t channel) const { return flags[channel] == 0; }
};

/// Flags of the cuts that do not depend on data: round(edge_cut_fraction n) channels at either end, and channels
/// whose centre is within half of centre_cut_fraction n from the centre of the band. [channel]
std::vector<std::uint8_t> cut_flags(std::size_t n_channels, double edge_cut_fraction, double centre_cut_fraction);

/// Sums of differences from which the quality of one channel is judged.
struct DifferenceStatistics {
  double n_missing = 0.0;
  double mean_square = 0.0;  ///< of the differences of neighbouring samples, both finite; NaN when there are none
};
DifferenceStatistics difference_statistics(std::span<const float> samples);

/// Applies the rules of the gain filter to a block with channel medians. `gain_counts_per_K` [channel] is the vane's.
BandChannels select_channels(const FeedBlock& block, std::span<const double> gain_counts_per_K,
                             const GainFilterConfig& config);

/// Good channels with m above 1.5 times the band's median: they tell gain from sky.
std::vector<std::size_t> high_temperature_channels(const BandChannels& channels);

}  // namespace comap
