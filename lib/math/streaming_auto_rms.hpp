#pragma once
/// \file
/// auto_rms of many channels at once from samples that pass by once.

#include <cstdint>
#include <span>
#include <vector>

#include "math/auto_rms.hpp"

namespace comap {

/// auto_rms (math/auto_rms.hpp) of many channels, fed in pieces. Pairs are counted from the first sample of a channel
/// and may lie across two pieces; the result does not depend on how the samples are cut into pieces, bit for bit.
///
/// standard_deviation: sums in double, exact to rounding; 100 bytes a channel.
/// mad: the median modulus of the first differences of a channel, up to kKeptForScale that are not 0, fixes a histogram
/// of all differences of both signs, linear inside its bins: 512 bins to the octave within a factor of 1.4 of that
/// modulus, 32 to the octave within a factor of 256. Exact for channels with no more differences than are kept; else
/// the error is less than a bin, 2^-9 = 0.2 % (2^-5 = 3 % where the noise has changed by more than 1.4 since the first
/// differences), and typically 0.02 % (0.1 %) for noise that is not quantised. NaN when the MAD is more than 256 times
/// what the first differences say. 5 kB a channel, of which noise touches 3 kB.
class StreamingAutoRms {
 public:
  static constexpr std::size_t kKeptForScale = 256;

  StreamingAutoRms(std::size_t n_channels, NoiseEstimator estimator);

  void add(std::size_t channel, std::span<const float> values);
  /// NaN without a pair of finite values.
  double result(std::size_t channel) const;

 private:
  struct Channel {
    std::int64_t n_pairs = 0;      ///< also those with NaN
    std::int32_t n_kept = 0;       ///< differences kept for the scale
    std::int32_t lowest_bits = 0;  ///< bit pattern of the lowest bin edge; 0 = no scale yet
    float unpaired = 0.0F;
    bool has_unpaired = false;
  };

  void add_pairs(std::size_t channel, const float* values, std::size_t n_pairs);
  void add_moments(std::size_t channel, const float* values, std::size_t n_pairs);
  void count_pairs(std::size_t channel, const float* values, std::size_t n_pairs);
  /// Returns the number of pairs used up before there was a scale.
  std::size_t keep_pairs(std::size_t channel, const float* values, std::size_t n_pairs);
  double standard_deviation(std::size_t channel) const;
  double median_absolute_deviation(std::size_t channel) const;
  double exact_median_absolute_deviation(std::size_t channel) const;

  NoiseEstimator estimator_;
  std::vector<Channel> channels_;
  std::vector<double> moments_;        ///< [channel][n, sum, sum of squares][lane]
  std::vector<float> kept_;            ///< [channel][kKeptForScale]
  std::vector<std::uint16_t> counts_;  ///< [channel][cell], cells of pair_histogram; they saturate
};

}  // namespace comap
