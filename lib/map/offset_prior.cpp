#include "map/offset_prior.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::size_t kFreeModes = 4;  // frequencies below 2 per segment
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

OffsetPrior::OffsetPrior(const std::vector<DestriperSegment>& segments, const OffsetLayout& layout)
    : layout_(layout), has_prior_(segments.size(), 0) {
  for (std::size_t s = 0; s < segments.size(); ++s) {
    if (segments[s].prior_variance_K2.empty()) continue;
    const std::size_t first = layout.first_offset[s];
    const std::size_t n = layout.first_offset[s + 1] - first;
    if (segments[s].prior_variance_K2.size() != n) {
      throw Bug(fmt::format("a segment of {} offsets has a prior for {}", n, segments[s].prior_variance_K2.size()));
    }
    inverse_variance_.resize(layout.n_offsets(), 0.0);
    for (std::size_t k = 0; k < n; ++k) {
      const double variance = segments[s].prior_variance_K2[k];
      inverse_variance_[first + k] = variance > 0.0 ? 1.0 / variance : 0.0;
    }
    has_prior_[s] = 1;
    any_ = true;
  }
}

CosineTransform& OffsetPrior::transform(std::size_t n) { return transforms_.try_emplace(n, n).first->second; }

template <typename Factor>
void OffsetPrior::filter_segment(std::size_t segment, std::span<const double> from, Factor factor) {
  const std::size_t first = layout_.first_offset[segment];
  CosineTransform& modes = transform(layout_.first_offset[segment + 1] - first);
  std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(first), modes.size(), modes.values().begin());
  modes.forward();
  for (std::size_t k = 0; k < modes.size(); ++k) modes.values()[k] *= factor(inverse_variance_[first + k]);
  modes.inverse();
}

void OffsetPrior::add(std::span<const double> offsets, std::span<double> result) {
  for (std::size_t s = 0; s < has_prior_.size(); ++s) {
    if (has_prior_[s] == 0) continue;
    filter_segment(s, offsets, [](double inverse_variance) { return inverse_variance; });
    const std::size_t first = layout_.first_offset[s];
    const auto values = transform(layout_.first_offset[s + 1] - first).values();
    for (std::size_t i = 0; i < values.size(); ++i) result[first + i] += values[i];
  }
}

void OffsetPrior::precondition(std::span<const double> weight, std::span<const double> r, std::span<double> z) {
  for (std::size_t s = 0; s < has_prior_.size(); ++s) {
    if (has_prior_[s] == 0) continue;
    const std::size_t first = layout_.first_offset[s];
    const std::size_t n = layout_.first_offset[s + 1] - first;
    double mean_weight = 0.0;
    for (std::size_t i = first; i < first + n; ++i) mean_weight += weight[i] / static_cast<double>(n);
    filter_segment(s, r, [&](double inverse_variance) {
      const double sum = inverse_variance + mean_weight;
      return sum > 0.0 ? 1.0 / sum : 0.0;
    });
    std::ranges::copy(transform(n).values(), z.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

}  // namespace comap
