#include "math/median.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace comap {
namespace {

// Below this length sampling costs more than it saves.
constexpr std::size_t kMinSampledLength = 512;
constexpr std::size_t kSampleSize = 256;
// Half width of the bracket as a fraction of the sample: 4 standard deviations of a sample median.
constexpr double kBracketHalfWidth = 4.0 * 0.5 / 16.0;

template <typename T>
bool is_finite(T value) {
  return value - value == T(0);
}

template <typename T>
struct Bracket {
  T low;
  T high;
};

template <typename T>
std::size_t copy_finite(std::span<const T> values, std::vector<T>& to) {
  if (to.size() < values.size()) to.resize(values.size());
  std::size_t n_copied = 0;
  for (const T value : values) {
    to[n_copied] = value;
    n_copied += is_finite(value) ? 1 : 0;
  }
  return n_copied;
}

/// The middle of `n_total` ordered values, of which `chosen` are those from rank `n_below` on.
template <typename T>
T select_middle(std::span<T> chosen, std::size_t n_below, std::size_t n_total) {
  const auto middle = chosen.begin() + static_cast<std::ptrdiff_t>(n_total / 2 - n_below);
  std::nth_element(chosen.begin(), middle, chosen.end());
  if (n_total % 2 == 1) return *middle;
  return T(0.5) * *middle + T(0.5) * *std::max_element(chosen.begin(), middle);
}

/// Two values with the median between them, most of the time; wide open when the sample is useless.
template <typename T>
Bracket<T> bracket_median(std::span<const T> values, std::vector<T>& scratch) {
  const std::size_t stride = values.size() / kSampleSize;
  if (scratch.size() < values.size()) scratch.resize(values.size());
  std::size_t n_sampled = 0;
  for (std::size_t i = stride / 2; i < values.size(); i += stride) {
    scratch[n_sampled] = values[i];
    n_sampled += is_finite(values[i]) ? 1 : 0;
  }
  if (n_sampled < kSampleSize / 2) {
    return {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()};
  }
  const auto sample = scratch.begin();
  const auto end = sample + static_cast<std::ptrdiff_t>(n_sampled);
  const auto rank = [&](double quantile) {
    return sample + static_cast<std::ptrdiff_t>(quantile * static_cast<double>(n_sampled - 1));
  };
  const auto low = rank(0.5 - kBracketHalfWidth);
  const auto high = rank(0.5 + kBracketHalfWidth);
  std::nth_element(sample, low, end);
  std::nth_element(low + 1, high, end);
  return {*low, *high};
}

struct Counts {
  std::size_t n_finite;
  std::size_t n_below;
};

// Integers of the width of T, so that the loop uses full vectors.
template <typename T, typename Integer>
Counts count(std::span<const T> values, T low) {
  Integer n_finite = 0;
  Integer n_below = 0;
  for (const T value : values) {
    const Integer finite = is_finite(value) ? 1 : 0;
    n_finite += finite;
    n_below += finite & (value < low ? 1 : 0);
  }
  return {static_cast<std::size_t>(n_finite), static_cast<std::size_t>(n_below)};
}

template <typename T>
std::size_t copy_inside(std::span<const T> values, Bracket<T> bracket, T* to) {
  std::size_t n_copied = 0;
  for (const T value : values) {
    to[n_copied] = value;
    n_copied += static_cast<std::size_t>(value >= bracket.low) & static_cast<std::size_t>(value <= bracket.high);
  }
  return n_copied;
}

template <typename T>
T median_of_all(std::span<const T> values, std::vector<T>& scratch) {
  const std::size_t n_finite = copy_finite(values, scratch);
  if (n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  return select_middle(std::span<T>(scratch.data(), n_finite), 0, n_finite);
}

template <typename T, typename Integer>
T median_of(std::span<const T> values, std::vector<T>& scratch) {
  if (values.size() < kMinSampledLength) return median_of_all(values, scratch);
  const Bracket<T> bracket = bracket_median(values, scratch);
  const Counts counts = count<T, Integer>(values, bracket.low);
  if (counts.n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  const std::size_t n_inside = copy_inside(values, bracket, scratch.data());
  const std::size_t lowest_rank = (counts.n_finite - 1) / 2;
  const std::size_t highest_rank = counts.n_finite / 2;
  if (lowest_rank < counts.n_below || highest_rank >= counts.n_below + n_inside) return median_of_all(values, scratch);
  return select_middle(std::span<T>(scratch.data(), n_inside), counts.n_below, counts.n_finite);
}

}  // namespace

float median(std::span<const float> values, std::vector<float>& scratch) {
  return median_of<float, std::uint32_t>(values, scratch);
}

double median(std::span<const double> values, std::vector<double>& scratch) {
  return median_of<double, std::uint64_t>(values, scratch);
}

float median(std::span<const float> values) {
  std::vector<float> scratch;
  return median(values, scratch);
}

double median(std::span<const double> values) {
  std::vector<double> scratch;
  return median(values, scratch);
}

}  // namespace comap
