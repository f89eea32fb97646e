#pragma once
/// \file
/// The order of bands and channels: ours, and that of a file.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/constants.hpp"

namespace comap {

/// Where the bands of our order lie in a file, and whether their channels run the other way there. Our order is that
/// of frequency; channels of bands 0 and 2 run down, those of 1 and 3 up.
struct BandOrder {
  std::array<int, kBands> stored_band = {0, 1, 2, 3};
  std::array<bool, kBands> is_reversed{};

  bool operator==(const BandOrder&) const = default;
  bool is_ours() const { return *this == BandOrder(); }
  int stored_channel(int band, int channel, int n_channels) const {
    return is_reversed[band] ? n_channels - 1 - channel : channel;
  }
};

/// The order of a file, from its frequencies [band][channel]; ours where they do not tell.
BandOrder band_order_of(std::span<const double> stored_frequencies);

/// "the bands are stored as 1, 0, 2, 3, the channels of bands 0, 2 the other way"
std::string describe_order(const BandOrder& order);

/// Rows `stored` [band][channel] of anything, in our order. Works for [band], too.
template <typename T>
std::vector<T> in_our_order(const BandOrder& order, std::span<const T> stored) {
  const int n_channels = static_cast<int>(stored.size()) / kBands;
  std::vector<T> ours;
  ours.reserve(stored.size());
  for (int band = 0; band < kBands; ++band) {
    const int first = order.stored_band[band] * n_channels;
    for (int channel = 0; channel < n_channels; ++channel) {
      ours.push_back(stored[first + order.stored_channel(band, channel, n_channels)]);
    }
  }
  return ours;
}

/// By how much frequencies must be divided to be in GHz: 1, or 1e3, 1e6, 1e9 for MHz, kHz, Hz. 1 when none makes all
/// of them frequencies of a radio receiver (1 to 1000 GHz).
double frequency_unit_divisor(std::span<const double> frequencies);

}  // namespace comap
