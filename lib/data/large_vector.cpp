#include "data/large_vector.hpp"

#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace comap {
namespace {

constexpr std::size_t kCacheLineBytes = 64;

}  // namespace

void* allocate_large(std::size_t bytes) {
  const std::size_t step = bytes >= kHugePageBytes ? kHugePageBytes : kCacheLineBytes;
  const std::size_t whole_steps = (bytes + step - 1) / step * step;
  void* memory = std::aligned_alloc(step, whole_steps);
  if (memory == nullptr && bytes > 0) throw std::bad_alloc();
#ifdef __linux__
  if (step == kHugePageBytes) madvise(memory, whole_steps, MADV_HUGEPAGE);  // a wish: small pages serve, too
#endif
  return memory;
}

void free_large(void* memory) { std::free(memory); }

}  // namespace comap
