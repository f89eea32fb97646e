#pragma once
/// \file
/// The TOD in hand: one feed, one stretch of time, one band.

#include <cstdint>
#include <span>
#include <vector>

namespace comap {

/// TOD of one feed and band between two samples of the file: a whole scan, or a piece of the time between scans.
/// Lent to the stages, which must not keep it.
struct FeedBlock {
  int feed = 0;            ///< feed number, 1-19
  int band = 0;            ///< 0-3
  int scan = -1;           ///< index of the scan; -1 = between scans
  std::int64_t start = 0;  ///< first sample, in the file
  std::int64_t n_samples = 0;
  int n_channels = 0;
  std::int64_t stride = 0;     ///< samples from one channel's row to the next
  const float* tod = nullptr;  ///< [channel][sample], counts; NaN where lost

  /// Filled by the pipeline for scans when a stage asks for it: median over finite samples of each channel [counts].
  std::span<const float> channel_median;

  /// Why samples are missing in all channels of the band (data/sample_flag.hpp), 0 where they are not; empty = nobody
  /// has looked. Not complete before FeedWorker::consume(). [sample]
  std::span<const std::uint8_t> flags;

  std::span<const float> channel(int index) const {
    return {tod + static_cast<std::int64_t>(index) * stride, static_cast<std::size_t>(n_samples)};
  }
};

}  // namespace comap
