#pragma once
/// \file
/// The channels of a sub-band as the methods of the gain filter take them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stages/gain_filter/channel_sums.hpp"

namespace comap {

/// The good channels of one sub-band in one scan.
struct SubBandRows {
  std::size_t band = 0;
  std::size_t sub_band = 0;                  ///< band * n_freq_bin + sub-band of the band
  std::vector<std::size_t> channels;         ///< index in the band
  std::vector<ChannelSamples> rows;          ///< y of each; NULL never
  std::vector<double> system_temperature_K;  ///< m of each
  std::vector<double> frequency_GHz;         ///< of each
  std::vector<double> difference_variance;   ///< of y of each
  std::vector<std::uint8_t> is_high;         ///< 1 = m above 1.5 x the band's median
  std::vector<float> atmosphere_free;        ///< storage behind `rows` when the atmosphere is subtracted
};

}  // namespace comap
