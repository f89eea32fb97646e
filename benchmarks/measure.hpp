#pragma once
/// \file
/// What the benchmarks measure with.

#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "core/communicator.hpp"

namespace benchmark {

/// Wall time of `work` on the slowest rank [s]. Collective.
template <typename Work>
double seconds_of(const Work& work, const comap::Communicator& ranks) {
  ranks.sum(0.0);
  const auto start = std::chrono::steady_clock::now();
  work();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ranks.max(std::span<double>(&seconds, 1));
  return seconds;
}

/// a = b + c x over arrays far larger than the caches, all ranks at the same time, best of 3 [bytes/s].
inline double triad_bandwidth(const comap::Communicator& ranks) {
  constexpr std::size_t kLength = std::size_t{1} << 24;
  constexpr int kRepeats = 3;
  std::vector<double> a(kLength, 1.0), b(kLength, 2.0), c(kLength, 3.0);
  double best_s = 1e300;
  for (int i = 0; i < kRepeats; ++i) {
    const double factor = 0.5 + i;
    best_s = std::min(best_s, seconds_of(
                                  [&] {
                                    for (std::size_t k = 0; k < kLength; ++k) a[k] = b[k] + factor * c[k];
                                  },
                                  ranks));
  }
  return 3.0 * sizeof(double) * kLength * ranks.size() / best_s + 0.0 * a[kLength / 2];
}

}  // namespace benchmark
