#pragma once
/// \file
/// Arrays of many megabytes.

#include <cstddef>
#include <type_traits>
#include <vector>

#include "data/scratch.hpp"

namespace comap {

inline constexpr std::size_t kHugePageBytes = std::size_t{1} << 21;
inline constexpr std::size_t kScratchBytes = std::size_t{1} << 17;  ///< from here on an array is worth a file

/// Memory in huge pages where the system has them: a random access then seldom has to look up its page, and the first
/// touch of 100 MB takes one tenth of the time. Small amounts come from the heap, aligned to
/// cache lines. Throws std::bad_alloc.
void* allocate_large(std::size_t bytes);
void free_large(void* memory);

/// Allocator of LargeVector. With a scratch all but small amounts are there instead. A vector that is copied, moved
/// or assigned takes the place of its memory along.
template <typename T>
class HugePageAllocator {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  HugePageAllocator() = default;
  /// nullptr = in memory. The scratch must outlive the vectors.
  explicit(false) HugePageAllocator(Scratch* scratch) : scratch_(scratch) {}
  template <typename Other>
  explicit(false) HugePageAllocator(const HugePageAllocator<Other>& other) : scratch_(other.scratch()) {}

  /// Throws as allocate_large and Scratch::map.
  T* allocate(std::size_t n) {
    return static_cast<T*>(is_on_scratch(n) ? scratch_->map(n * sizeof(T)) : allocate_large(n * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t n) { is_on_scratch(n) ? scratch_->unmap(memory) : free_large(memory); }

  Scratch* scratch() const { return scratch_; }
  bool operator==(const HugePageAllocator&) const = default;

 private:
  bool is_on_scratch(std::size_t n) const { return scratch_ != nullptr && n * sizeof(T) >= kScratchBytes; }

  Scratch* scratch_ = nullptr;
};

template <typename T>
using LargeVector = std::vector<T, HugePageAllocator<T>>;

/// Tells the scratch of a vector, if it has one, that so many elements of it were passed over.
template <typename T>
void passed_over(const LargeVector<T>& vector, std::size_t n_elements) {
  if (Scratch* scratch = vector.get_allocator().scratch()) scratch->passed(n_elements * sizeof(T));
}

}  // namespace comap
