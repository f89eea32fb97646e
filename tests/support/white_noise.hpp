#pragma once
/// \file
/// Noise for tests, the same for the same seed.

#include <cstddef>
#include <random>
#include <vector>

namespace comap {

inline std::vector<float> white_noise(std::size_t n, double sigma, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0.0, sigma);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(normal(random));
  return values;
}

}  // namespace comap
