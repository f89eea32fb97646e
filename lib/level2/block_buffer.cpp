#include "level2/block_buffer.hpp"

#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace comap {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{1} << 21;

}  // namespace

void BlockBuffer::Free::operator()(float* memory) const { std::free(memory); }

std::span<float> BlockBuffer::of_size(std::size_t size) {
  if (size > capacity_) {
    memory_.reset();
    capacity_ = 0;
    const std::size_t bytes = (size * sizeof(float) + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
    memory_.reset(static_cast<float*>(std::aligned_alloc(kHugePageBytes, bytes)));
    if (!memory_) throw std::bad_alloc();
#ifdef __linux__
    madvise(memory_.get(), bytes, MADV_HUGEPAGE);  // a wish: small pages serve, too
#endif
    capacity_ = bytes / sizeof(float);
  }
  return {memory_.get(), size};
}

}  // namespace comap
