#pragma once
/// \file
/// The hot kernel of the gain filter: weighted sums over channels at every sample.

#include <array>
#include <cstddef>
#include <span>

namespace comap {

/// One channel of a scan: y = samples * scale + shift, i.e. P / p - 1 from counts.
struct ChannelSamples {
  const float* samples = nullptr;  ///< [sample]
  float scale = 1.0F;
  float shift = 0.0F;
};

/// sums[k][t] += sum over channels of weights[c][k] * y_c(t). A NaN in any channel makes the sums of that sample NaN.
///
/// Every sample of every channel is read once. Groups of 8 channels are added in float registers, the groups in double:
/// relative error of a sum about 1e-7. Tiles of samples keep the running sums in the first-level cache. The result
/// does not depend on anything but the order of the channels.
template <std::size_t NSums>
void add_channel_sums(std::span<const ChannelSamples> channels, std::span<const std::array<float, NSums>> weights,
                      std::size_t n_samples, const std::array<double*, NSums>& sums);

}  // namespace comap
