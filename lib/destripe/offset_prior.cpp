#include "destripe/offset_prior.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace comap {
namespace {

constexpr double kFreedom = 1000.0;

/// Response of an average over `length` samples to a wave of `cycles` per sample.
double averaging_response(double cycles, int length) {
  const double one = std::sin(std::numbers::pi * cycles);
  if (one == 0.0) return 1.0;
  return std::sin(std::numbers::pi * cycles * length) / (length * one);
}

}  // namespace

std::vector<double> offset_mode_variance(const std::function<double(double)>& power_K2, std::size_t n_offsets,
                                         int offset_length, double sample_time_s) {
  const double step_Hz = 0.5 / (static_cast<double>(n_offsets) * offset_length * sample_time_s);
  const double rate_Hz = 1.0 / (offset_length * sample_time_s);
  std::vector<double> variance(n_offsets, 0.0);
  for (std::size_t k = 1; k < n_offsets; ++k) {
    for (int j = 0; j < offset_length; ++j) {
      const int alias = j - offset_length / 2;
      const double frequency_Hz = static_cast<double>(k) * step_Hz + alias * rate_Hz;
      const double response = averaging_response(frequency_Hz * sample_time_s, offset_length);
      variance[k] += power_K2(std::abs(frequency_Hz)) * response * response / offset_length;
    }
  }
  const double largest = n_offsets > 1 ? *std::ranges::max_element(variance) : power_K2(step_Hz);
  for (std::size_t k = 0; k < std::min(kFreeModes, n_offsets); ++k) variance[k] += kFreedom * largest;
  return variance;
}

}  // namespace comap
