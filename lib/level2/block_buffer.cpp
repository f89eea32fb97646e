#include "level2/block_buffer.hpp"

#include "data/large_vector.hpp"

namespace comap {

void BlockBuffer::Free::operator()(float* memory) const { free_large(memory); }

std::span<float> BlockBuffer::of_size(std::size_t size) {
  if (size > capacity_) {
    memory_.reset();
    capacity_ = 0;
    memory_.reset(static_cast<float*>(allocate_large(size * sizeof(float))));
    capacity_ = size;
  }
  return {memory_.get(), size};
}

}  // namespace comap
