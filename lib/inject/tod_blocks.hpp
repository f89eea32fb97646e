#pragma once
/// \file
/// The TOD of a feed cut into blocks that can be read, changed and written one after the other.

#include <cstdint>
#include <vector>

#include "io/hdf5/h5.hpp"

namespace comap {

struct TodGridBlock {
  int first_band = 0;
  int n_bands = 0;
  int first_channel = 0;
  int n_channels = 0;
  std::int64_t start = 0;
  std::int64_t n_samples = 0;
};

/// The blocks of one feed of a dataset [feed][band][channel][sample]: its chunks, so that none is inflated twice, or
/// rows of one band of about 32 MB.
std::vector<TodGridBlock> tod_grid(const h5::DatasetInfo& info);
h5::Slab slab_of(const TodGridBlock& block, int feed_row);

}  // namespace comap
