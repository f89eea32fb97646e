#include "math/median.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/constants.hpp"

namespace comap {
namespace {

// Below this length sampling costs more than it saves.
constexpr std::size_t kMinSampledLength = 512;
constexpr std::size_t kSampleSize = 192;
// Half width of the bracket as a fraction of the sample: 2.5 standard deviations of the median of a sample.
constexpr double kBracketHalfWidth = 2.5 * 0.5 / 13.9;

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

/// Ranks of the middle value, or of the two middle values, among those in hand.
struct MiddleRanks {
  std::size_t low;
  std::size_t high;
};

template <typename T>
T select_middle(std::span<T> values, MiddleRanks ranks) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(ranks.high);
  std::nth_element(values.begin(), middle, values.end());
  if (ranks.low == ranks.high) return *middle;
  return T(0.5) * *middle + T(0.5) * *std::max_element(values.begin(), middle);
}

/// Two values with the given quantile between them, most of the time; wide open when the sample is useless.
template <typename T>
Bracket<T> bracket_quantile(std::span<const T> values, double quantile) {
  std::array<T, 2 * kSampleSize> sample;
  const std::size_t stride = values.size() / kSampleSize;
  std::size_t n_sampled = 0;
  for (std::size_t i = stride / 2; i < values.size(); i += stride) {
    sample[n_sampled] = values[i];
    n_sampled += is_finite(values[i]) ? 1 : 0;
  }
  if (n_sampled < kSampleSize / 2) return {std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()};
  const auto end = sample.begin() + n_sampled;
  const auto at = [&](double position) {
    return sample.begin() +
           static_cast<std::ptrdiff_t>(std::clamp(position, 0.0, 1.0) * static_cast<double>(n_sampled - 1));
  };
  const auto low = at(quantile - kBracketHalfWidth);
  const auto high = at(quantile + kBracketHalfWidth);
  std::nth_element(sample.begin(), low, end);
  const T low_value = *low;
  std::nth_element(low, high, end);
  return {low_value, *high};
}

struct Counts {
  std::size_t n_finite;
  std::size_t n_below;
};

// Counters as wide as T, so that the loop uses full vectors.
template <typename T>
Counts count(std::span<const T> values, T low) {
  using Counter = std::conditional_t<sizeof(T) == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;
  Counter n_finite = 0;
  Counter n_below = 0;
  for (const T value : values) {
    const Counter finite = is_finite(value) ? 1 : 0;
    n_finite += finite;
    n_below += finite & (value < low ? 1U : 0U);
  }
  return {static_cast<std::size_t>(n_finite), static_cast<std::size_t>(n_below)};
}

/// `to` may be where `values` are.
template <typename T>
std::size_t copy_inside(std::span<const T> values, Bracket<T> bracket, T* to) {
  std::size_t n_copied = 0;
  for (const T value : values) {
    to[n_copied] = value;
    n_copied += static_cast<std::size_t>(value >= bracket.low) & static_cast<std::size_t>(value <= bracket.high);
  }
  return n_copied;
}

/// Moves the values around the middle into `to` and counts `ranks` among them. False when the bracket missed it.
template <typename T>
bool narrow(std::span<const T> values, std::size_t n_finite, MiddleRanks& ranks, std::vector<T>& to,
            std::size_t& n_inside) {
  const double quantile = static_cast<double>(ranks.high) / static_cast<double>(n_finite);
  const Bracket<T> bracket = bracket_quantile(values, quantile);
  const Counts counts = count(values, bracket.low);
  n_inside = copy_inside(values, bracket, to.data());
  if (ranks.low < counts.n_below || ranks.high >= counts.n_below + n_inside) return false;
  ranks.low -= counts.n_below;
  ranks.high -= counts.n_below;
  return true;
}

template <typename T>
T median_of_all(std::span<const T> values, std::vector<T>& scratch) {
  const std::size_t n_finite = copy_finite(values, scratch);
  if (n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  return select_middle(std::span<T>(scratch.data(), n_finite), {(n_finite - 1) / 2, n_finite / 2});
}

template <typename T>
T median_of(std::span<const T> values, std::vector<T>& scratch) {
  if (values.size() < kMinSampledLength) return median_of_all(values, scratch);
  const Counts finite = count(values, std::numeric_limits<T>::lowest());
  if (finite.n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  if (scratch.size() < values.size()) scratch.resize(values.size());
  MiddleRanks ranks{(finite.n_finite - 1) / 2, finite.n_finite / 2};
  std::size_t n_inside = 0;
  if (!narrow(values, finite.n_finite, ranks, scratch, n_inside)) return median_of_all(values, scratch);
  if (n_inside >= kMinSampledLength) {
    const std::span<const T> inside(scratch.data(), n_inside);
    if (!narrow(inside, n_inside, ranks, scratch, n_inside)) return median_of_all(values, scratch);
  }
  return select_middle(std::span<T>(scratch.data(), n_inside), ranks);
}

}  // namespace

float median(std::span<const float> values, std::vector<float>& scratch) { return median_of(values, scratch); }

double median(std::span<const double> values, std::vector<double>& scratch) { return median_of(values, scratch); }

float median(std::span<const float> values) {
  std::vector<float> scratch;
  return median(values, scratch);
}

double median(std::span<const double> values) {
  std::vector<double> scratch;
  return median(values, scratch);
}

double mad_sigma(std::span<const double> values) {
  const double middle = median(values);
  std::vector<double> deviations(values.begin(), values.end());
  for (double& value : deviations) value = std::abs(value - middle);
  return kMadToSigma * median(std::span<const double>(deviations));
}

}  // namespace comap
