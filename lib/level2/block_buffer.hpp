#pragma once
/// \file
/// Memory for blocks of TOD.

#include <cstddef>
#include <memory>
#include <span>

namespace comap {

/// Memory that is written before it is read: never cleared, contents lost when it grows, in huge pages where the
/// system has them. A block of 115 MB has 28,000 small pages, whose first touch takes as long as reading the block.
class BlockBuffer {
 public:
  /// The first `size` values, after growing to at least that many. Throws std::bad_alloc.
  std::span<float> of_size(std::size_t size);

 private:
  struct Free {
    void operator()(float* memory) const;
  };
  std::unique_ptr<float[], Free> memory_;
  std::size_t capacity_ = 0;
};

}  // namespace comap
