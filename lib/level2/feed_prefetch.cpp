#include "level2/feed_prefetch.hpp"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace comap {
namespace {

constexpr std::uint64_t kStep_bytes = std::uint64_t{8} << 20;  ///< between two looks at whether to stop
constexpr std::uint64_t kShareOfMemory = 4;

std::uint64_t memory_bytes() {
  struct sysinfo system {};
  return ::sysinfo(&system) == 0 ? std::uint64_t{system.totalram} * system.mem_unit : 0;
}

}  // namespace

FeedPrefetch::FeedPrefetch(const std::string& level1_path, const h5::DatasetInfo& tod, std::vector<int> rows,
                           int n_ranks)
    : rows_(std::move(rows)) {
  if (!tod.file_offset || tod.extent.empty() || tod.extent[0] == 0 || rows_.empty()) return;
  feed_bytes_ = tod.storage_bytes / tod.extent[0];
  if (2 * feed_bytes_ * n_ranks > memory_bytes() / kShareOfMemory) return;
  tod_offset_ = *tod.file_offset;
  descriptor_ = ::open(level1_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) return;
  try {
    thread_ = std::thread([this] { fetch_all(); });
  } catch (const std::system_error&) {  // no thread to be had: blocks are read as they are needed
  }
}

FeedPrefetch::~FeedPrefetch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FeedPrefetch::begin(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    allowed_ = std::max(allowed_, index + 2);
  }
  changed_.notify_one();
}

void FeedPrefetch::fetch_all() {
  for (std::size_t next = 0; next < rows_.size(); ++next) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || next < allowed_; });
      if (stop_) return;
    }
    fetch(rows_[next]);
  }
}

void FeedPrefetch::fetch(int row) {
  const std::uint64_t first = tod_offset_ + row * feed_bytes_;
  for (std::uint64_t done = 0; done < feed_bytes_; done += kStep_bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    const std::uint64_t n = std::min(kStep_bytes, feed_bytes_ - done);
    ::posix_fadvise(descriptor_, static_cast<off_t>(first + done), static_cast<off_t>(n), POSIX_FADV_WILLNEED);
  }
}

}  // namespace comap
