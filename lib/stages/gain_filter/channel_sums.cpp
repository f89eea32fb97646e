#include "stages/gain_filter/channel_sums.hpp"

#include <algorithm>

namespace comap {
namespace {

constexpr std::size_t kGroup = 8;   ///< channels added in registers
constexpr std::size_t kTile = 512;  ///< samples: running sums of a tile fit the first-level cache

template <std::size_t NSums>
struct Group {
  std::array<const float*, kGroup> samples{};
  std::array<float, kGroup> scale{};
  std::array<float, kGroup> shift{};
  std::array<std::array<float, NSums>, kGroup> weights{};
};

template <std::size_t NSums>
using TileSums = std::array<std::array<float, kTile>, NSums>;

template <std::size_t NChannels, std::size_t NSums>
void sum_group(const Group<NSums>& group, std::size_t n, TileSums<NSums>& tile) {
  for (std::size_t t = 0; t < n; ++t) {
    std::array<float, NSums> sum{};
#pragma GCC unroll 8
    for (std::size_t c = 0; c < NChannels; ++c) {
      const float y = group.samples[c][t] * group.scale[c] + group.shift[c];
#pragma GCC unroll 4
      for (std::size_t k = 0; k < NSums; ++k) sum[k] += group.weights[c][k] * y;
    }
    for (std::size_t k = 0; k < NSums; ++k) tile[k][t] = sum[k];
  }
}

}  // namespace

template <std::size_t NSums>
void add_channel_sums(std::span<const ChannelSamples> channels, std::span<const std::array<float, NSums>> weights,
                      std::size_t n_samples, const std::array<double*, NSums>& sums) {
  alignas(64) TileSums<NSums> tile;
  for (std::size_t start = 0; start < n_samples; start += kTile) {
    const std::size_t n = std::min(kTile, n_samples - start);
    for (std::size_t first = 0; first < channels.size();) {
      const std::size_t n_channels = first + kGroup <= channels.size() ? kGroup : 1;
      Group<NSums> group;
      for (std::size_t c = 0; c < n_channels; ++c) {
        group.samples[c] = channels[first + c].samples + start;
        group.scale[c] = channels[first + c].scale;
        group.shift[c] = channels[first + c].shift;
        group.weights[c] = weights[first + c];
      }
      n_channels == kGroup ? sum_group<kGroup>(group, n, tile) : sum_group<1>(group, n, tile);
      for (std::size_t k = 0; k < NSums; ++k) {
        double* const sum = sums[k] + start;
        for (std::size_t t = 0; t < n; ++t) sum[t] += tile[k][t];
      }
      first += n_channels;
    }
  }
}

template void add_channel_sums<1>(std::span<const ChannelSamples>, std::span<const std::array<float, 1>>, std::size_t,
                                  const std::array<double*, 1>&);
template void add_channel_sums<3>(std::span<const ChannelSamples>, std::span<const std::array<float, 3>>, std::size_t,
                                  const std::array<double*, 3>&);
template void add_channel_sums<4>(std::span<const ChannelSamples>, std::span<const std::array<float, 4>>, std::size_t,
                                  const std::array<double*, 4>&);

}  // namespace comap
