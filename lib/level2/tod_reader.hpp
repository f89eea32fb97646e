#pragma once
/// \file
/// TOD of a Level-1 file, each stored byte read and inflated once.

#include <array>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "io/hdf5/h5.hpp"
#include "io/level1/band_order.hpp"
#include "level2/block_buffer.hpp"

namespace comap {

/// A share of a read: some bands of one feed row over a stretch of time. n_samples 0 = no share.
struct TodSlab {
  int feed_row = 0;
  int first_band = 0;
  int n_bands = 0;
  std::int64_t start = 0;
  std::int64_t n_samples = 0;
};

/// Reads `spectrometer/tod` [feed][band][channel][sample] float32, bands and channels in our order.
///
/// Contiguous data is read by hyperslabs through the file's own transfer mode (collective in a parallel file: every
/// rank calls read(), ranks without a share with an empty slab). Chunks of gzip, with or without shuffle, are read
/// raw, which needs no other rank, and inflated with libdeflate, twice as fast as HDF5 does; the last ones inflated
/// are kept, so that a chunk shared by two scans, or by a vane event and a scan, is inflated once. Anything else goes
/// through HDF5.
class TodReader {
 public:
  /// `order`: of the file. Throws IoError when the dataset is missing.
  explicit TodReader(const h5::File& file, const BandOrder& order = {});

  /// Fills `out` as [band][channel][sample]; its size is n_bands * n_channels * n_samples.
  void read(const TodSlab& slab, std::span<float> out);

  /// Room for `size` values to read into, one of two that serve by turns. Kept from feed to feed: fresh memory is slow.
  std::span<float> buffer(std::size_t which, std::size_t size) { return buffers_.at(which).of_size(size); }

  /// Amounts moved so far: stored bytes read from the file, and bytes of TOD delivered.
  std::int64_t stored_bytes_read() const { return stored_bytes_read_; }
  std::int64_t tod_bytes_read() const { return tod_bytes_read_; }
  const h5::DatasetInfo& info() const { return dataset_.info(); }
  std::int64_t n_channels() const { return static_cast<std::int64_t>(dataset_.info().extent[2]); }

  /// True when read() works chunk by chunk without other ranks.
  static bool reads_raw_chunks(const h5::DatasetInfo& info) {
    return info.deflate && !info.chunk.empty() && info.native_float32;
  }

 private:
  struct InflatedChunk {
    h5::Extent start;
    BlockBuffer memory;
    std::span<float> values;
  };
  void read_stored(const TodSlab& slab, std::span<float> out);
  void read_in_our_order(const TodSlab& slab, std::span<float> out);
  void read_by_chunks(const TodSlab& slab, std::span<float> out);
  InflatedChunk& chunk_to_replace();
  const InflatedChunk& chunk_at(const h5::Extent& start);
  void inflate(const std::vector<std::byte>& stored, std::uint32_t skipped_filters, std::span<float> values);

  h5::Dataset dataset_;
  BandOrder order_;
  std::string where_;
  std::array<BlockBuffer, 2> buffers_;
  std::list<InflatedChunk> cache_;
  std::vector<std::byte> stored_;
  BlockBuffer shuffled_;
  BlockBuffer unordered_;  ///< a block of a file in another order
  std::int64_t stored_bytes_read_ = 0;
  std::int64_t tod_bytes_read_ = 0;
};

}  // namespace comap
