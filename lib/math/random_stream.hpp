#pragma once
/// \file
/// Reproducible random numbers: every quantity that is drawn has a key of its own, so that the result does not depend
/// on the order of the work, on blocks or on the number of ranks.

#include <cstdint>
#include <initializer_list>

namespace comap::simulate {

/// The purpose of a stream: part of its key.
enum class Purpose : std::uint64_t {
  sky = 1,
  receiver,
  gain,
  opacity,
  radiometer,
  glitches,
  missing,
  null_test,
  random_sky
};

/// One 64-bit key from the seed, the purpose and further numbers (feed, band, channel ...).
std::uint64_t stream_key(std::uint64_t seed, Purpose purpose, std::initializer_list<std::uint64_t> parts);

/// SplitMix64 (Steele, Lea & Flood 2014): the next output of a 64-bit state.
std::uint64_t split_mix(std::uint64_t& state);

/// A few numbers of good quality, one at a time. Bulk noise comes from NormalStream.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t key) : state_(key) {}

  /// In [0, 1).
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Mean 0, variance 1 (Box & Muller 1958).
  double normal();
  /// In [0, n).
  std::int64_t integer(std::int64_t n);

 private:
  std::uint64_t state_;
};

}  // namespace comap::simulate
