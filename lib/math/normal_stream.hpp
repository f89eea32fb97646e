#pragma once
/// \file
/// Normal noise in bulk: the radiometer noise is one number for each channel and sample.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace comap::simulate {

/// Normal float32 numbers, mean 0 and variance 1: 16 interleaved xoshiro128++ generators (Blackman & Vigna 2021) and
/// the Box-Muller transform with polynomials, all in vector instructions (about 1 ns each). Largest value 6.66, error
/// of a value below 1e-6. The sequence depends on the key alone, not on how it is cut into calls of `fill`.
class NormalStream {
 public:
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kBatch = 2 * kLanes;

  explicit NormalStream(std::uint64_t key);

  /// The next `values.size()` numbers.
  void fill(std::span<float> values);

 private:
  using Words = std::array<std::uint32_t, kLanes>;
  void fill_batches(float* values, std::size_t n_batches);

  alignas(64) std::array<Words, 4> state_;
  alignas(64) std::array<float, kBatch> rest_;  ///< numbers made but not yet handed out: the last n_rest_
  std::size_t n_rest_ = 0;
};

}  // namespace comap::simulate
