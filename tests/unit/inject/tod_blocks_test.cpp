// Blocks cover every element of a feed once, whatever the storage.

#include "inject/tod_blocks.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

void expect_each_once(const h5::DatasetInfo& info) {
  const auto n_channels = static_cast<int>(info.extent[2]);
  const auto n_samples = static_cast<std::int64_t>(info.extent[3]);
  std::vector<int> seen(info.extent[1] * info.extent[2] * info.extent[3], 0);
  for (const TodGridBlock& block : tod_grid(info)) {
    const h5::Slab slab = slab_of(block, 2);
    EXPECT_EQ(slab.start[0], 2U);
    EXPECT_EQ(slab.count[0], 1U);
    for (int band = block.first_band; band < block.first_band + block.n_bands; ++band) {
      for (int channel = block.first_channel; channel < block.first_channel + block.n_channels; ++channel) {
        for (std::int64_t i = block.start; i < block.start + block.n_samples; ++i) {
          ++seen.at(static_cast<std::size_t>((band * n_channels + channel) * n_samples + i));
        }
      }
    }
  }
  for (const int count : seen) ASSERT_EQ(count, 1);
}

TEST(TodGrid, CoversEachElementOnce) {
  h5::DatasetInfo info;
  info.element_bytes = sizeof(float);
  info.extent = {3, 4, 10, 1001};
  expect_each_once(info);
  for (const h5::Extent& chunk : {h5::Extent{1, 4, 10, 300}, {1, 4, 10, 1001}, {2, 3, 7, 64}}) {
    info.chunk = chunk;
    expect_each_once(info);
  }
}

TEST(TodGrid, BlocksOfAContiguousFileAreBounded) {
  h5::DatasetInfo info;
  info.element_bytes = sizeof(float);
  info.extent = {20, 4, 1024, 180000};
  for (const TodGridBlock& block : tod_grid(info)) {
    EXPECT_LE(block.n_bands * block.n_channels * block.n_samples * 4, std::int64_t{1} << 25);
  }
}

}  // namespace
}  // namespace comap
