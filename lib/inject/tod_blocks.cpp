#include "inject/tod_blocks.hpp"

#include <algorithm>

namespace comap {
namespace {

constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 25;

/// Bands, channels and samples of a block.
h5::Extent block_extent(const h5::DatasetInfo& info) {
  if (!info.chunk.empty()) return {info.chunk[1], info.chunk[2], info.chunk[3]};
  const std::uint64_t rows = std::max<std::uint64_t>(1, kBlockBytes / (info.element_bytes * info.extent[3]));
  return {1, std::min(rows, info.extent[2]), info.extent[3]};
}

}  // namespace

std::vector<TodGridBlock> tod_grid(const h5::DatasetInfo& info) {
  const h5::Extent block = block_extent(info);
  std::vector<TodGridBlock> blocks;
  for (std::uint64_t band = 0; band < info.extent[1]; band += block[0]) {
    for (std::uint64_t channel = 0; channel < info.extent[2]; channel += block[1]) {
      for (std::uint64_t start = 0; start < info.extent[3]; start += block[2]) {
        blocks.push_back({static_cast<int>(band), static_cast<int>(std::min(block[0], info.extent[1] - band)),
                          static_cast<int>(channel), static_cast<int>(std::min(block[1], info.extent[2] - channel)),
                          static_cast<std::int64_t>(start),
                          static_cast<std::int64_t>(std::min(block[2], info.extent[3] - start))});
      }
    }
  }
  return blocks;
}

h5::Slab slab_of(const TodGridBlock& block, int feed_row) {
  const auto u = [](auto value) { return static_cast<std::uint64_t>(value); };
  return {{u(feed_row), u(block.first_band), u(block.first_channel), u(block.start)},
          {1, u(block.n_bands), u(block.n_channels), u(block.n_samples)}};
}

}  // namespace comap
