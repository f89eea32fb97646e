#pragma once
/// \file
/// Reading ahead of whole feeds, on the way from the disk to the page cache.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/hdf5/h5.hpp"

namespace comap {

/// Has the system fetch contiguous TOD feed after feed, in the order of the file, while blocks of earlier feeds are
/// worked on. A block takes a few kilobytes of each of thousands of channels: read from a disk in that order, a file
/// takes twice as long. Only asks: nothing is read here, and what cannot be had is no error. Does nothing for chunked
/// data, or when two feeds for each of `n_ranks` would fill more than a quarter of the memory.
class FeedPrefetch {
 public:
  /// `rows` of the feed axis of spectrometer/tod, in the order in which they will be read.
  FeedPrefetch(const std::string& level1_path, const h5::DatasetInfo& tod, std::vector<int> rows, int n_ranks);
  ~FeedPrefetch();
  FeedPrefetch(const FeedPrefetch&) = delete;
  FeedPrefetch& operator=(const FeedPrefetch&) = delete;

  /// Work on the feed `rows[index]` begins: the one after it may be fetched.
  void begin(std::size_t index);

 private:
  void fetch_all();
  void fetch(int row);

  int descriptor_ = -1;
  std::uint64_t tod_offset_ = 0;
  std::uint64_t feed_bytes_ = 0;
  std::vector<int> rows_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t allowed_ = 0;  ///< feeds that may be fetched
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace comap
