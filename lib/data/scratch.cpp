#include "data/scratch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/error.hpp"

namespace comap {
namespace {

/// A file without a name, closed at the end of its life.
class NamelessFile {
 public:
  NamelessFile(const std::string& directory, std::size_t bytes) : path_(directory + "/comap_scratch_XXXXXX") {
    descriptor_ = mkstemp(path_.data());
    if (descriptor_ < 0) fail(bytes, errno);
    unlink(path_.c_str());
    const int status = posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (status != 0) {
      close(descriptor_);
      fail(bytes, status);
    }
  }
  ~NamelessFile() { close(descriptor_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  int descriptor() const { return descriptor_; }
  [[noreturn]] void fail(std::size_t bytes, int status) const {
    throw IoError(fmt::format("{}: no {:.3g} GB of scratch: {}; give a directory with space on a local disk", path_,
                              static_cast<double>(bytes) * 1e-9, std::strerror(status)));
  }

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace

Scratch::Scratch(std::string directory, std::size_t resident_bytes)
    : directory_(std::move(directory)), resident_bytes_(resident_bytes) {}

void* Scratch::map(std::size_t bytes) {
  const NamelessFile file(directory_, bytes);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), 0);
  if (memory == MAP_FAILED) file.fail(bytes, errno);
  bytes_[memory] = bytes;
  return memory;
}

void Scratch::unmap(void* memory) noexcept {
  const auto found = bytes_.find(memory);
  if (found == bytes_.end()) return;
  munmap(memory, found->second);
  bytes_.erase(found);
}

void Scratch::passed(std::size_t bytes) {
  passed_bytes_ += bytes;
  if (passed_bytes_ < resident_bytes_) return;
  forget();
  passed_bytes_ = 0;
}

/// Pages leave the process, not the cache of the system, which writes them out when it needs the room.
void Scratch::forget() {
  for (const auto& [memory, bytes] : bytes_) madvise(memory, bytes, MADV_DONTNEED);
}

}  // namespace comap
