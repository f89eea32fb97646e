#include "math/random_stream.hpp"

#include <cmath>
#include <numbers>

namespace comap::simulate {

std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t stream_key(std::uint64_t seed, Purpose purpose, std::initializer_list<std::int64_t> parts) {
  std::uint64_t state = seed;
  std::uint64_t key = split_mix(state);
  const auto mix_in = [&key](std::uint64_t part) {
    std::uint64_t mixed = key ^ (part + 1);
    key = split_mix(mixed);
  };
  mix_in(static_cast<std::uint64_t>(purpose));
  for (const std::int64_t part : parts) mix_in(part);
  return key;
}

double RandomStream::uniform() {
  constexpr double kTwoToMinus53 = 0x1.0p-53;
  return static_cast<double>(split_mix(state_) >> 11) * kTwoToMinus53;
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::int64_t RandomStream::integer(std::int64_t n) {
  return static_cast<std::int64_t>(uniform() * static_cast<double>(n));
}

}  // namespace comap::simulate
