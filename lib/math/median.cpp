#include "math/median.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>

#include "core/constants.hpp"

namespace comap {
namespace {

// Below this length bracketing costs more than it saves.
constexpr std::size_t kMinBracketedLength = 512;
constexpr std::size_t kSampleSize = 192;
// Whole vectors are stored behind the last value that counts.
constexpr std::size_t kRoom = 8;
// Half width of the bracket as a fraction of the sample: 2.5 standard deviations of the median of a sample.
constexpr double kBracketHalfWidth = 2.5 * 0.5 / 13.9;
// Half width of the bracket around the mean, in standard deviations of the values: what drifts and skewed noise leave.
constexpr double kMeanBracketHalfWidth = 0.25;
// More than this fraction inside it: outliers have spoilt the standard deviation.
constexpr double kMaxFractionInside = 0.5;
// Values that lie evenly in a bracket are narrowed to 3.5 standard deviations around their expected place.
constexpr double kNarrowHalfWidth = 3.5 * 0.5;
// So few are ranked by comparing all with all.
constexpr std::size_t kFew = 48;
constexpr int kNarrowingSteps = 3;
// Running sums side by side, so that the loop uses vectors.
constexpr std::size_t kLanes = 32;

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

/// As precise as a bracket needs them; not finite when a value is not.
template <typename T>
struct Moments {
  T mean;
  T deviation;  ///< standard
};

template <typename T>
Moments<T> moments_of(std::span<const T> values) {
  const T origin = values[0];  // near the others: sums in T keep their precision
  std::array<T, kLanes> sum{};
  std::array<T, kLanes> sum2{};
  const auto add = [&](std::size_t lane, T value) {
    const T offset = value - origin;
    sum[lane] += offset;
    sum2[lane] += offset * offset;
  };
  std::size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, values[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < values.size(); ++lane) add(lane, values[i + lane]);
  const auto n = static_cast<T>(values.size());
  const T mean = std::accumulate(sum.begin(), sum.end(), T(0)) / n;
  const T mean2 = std::accumulate(sum2.begin(), sum2.end(), T(0)) / n;
  return {origin + mean, std::sqrt(std::max(mean2 - mean * mean, T(0)))};
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

/// Found by one pass over values.
struct Split {
  std::size_t n_finite = 0;
  std::size_t n_below = 0;   ///< finite ones below the bracket
  std::size_t n_inside = 0;  ///< moved, in their order
};

/// Moves the values inside the bracket to `inside`, which may be where `values` are, and has room for kRoom values more
/// than there are; counts the others.
template <typename T>
void split_one(T value, Bracket<T> bracket, T* inside, Split& split) {
  inside[split.n_inside] = value;
  split.n_inside += static_cast<std::size_t>(value >= bracket.low) & static_cast<std::size_t>(value <= bracket.high);
  const std::size_t finite = is_finite(value) ? 1 : 0;
  split.n_finite += finite;
  split.n_below += finite & (value < bracket.low ? 1U : 0U);
}

template <typename T>
Split split_by(std::span<const T> values, Bracket<T> bracket, T* inside) {
  Split split;
  for (const T value : values) split_one(value, bracket, inside, split);
  return split;
}

#ifdef __AVX2__

constexpr std::size_t kVector = 8;

/// For each mask of 8 lanes: the numbers of the lanes that are set, first.
constexpr auto kLanesOfMask = [] {
  std::array<std::array<std::int32_t, kVector>, 256> table{};
  for (std::size_t mask = 0; mask < table.size(); ++mask) {
    std::size_t n = 0;
    for (std::size_t lane = 0; lane < kVector; ++lane) {
      if ((mask >> lane & 1U) != 0) table[mask][n++] = static_cast<std::int32_t>(lane);
    }
  }
  return table;
}();

unsigned mask_of(__m256 lanes) { return static_cast<unsigned>(_mm256_movemask_ps(lanes)); }

/// The same, 8 values at a time: a shuffle moves those inside to the front, and the whole vector is stored.
Split split_by(std::span<const float> values, Bracket<float> bracket, float* inside) {
  Split split;
  const __m256 low = _mm256_set1_ps(bracket.low);
  const __m256 high = _mm256_set1_ps(bracket.high);
  std::size_t i = 0;
  for (; i + kVector <= values.size(); i += kVector) {
    const __m256 value = _mm256_loadu_ps(values.data() + i);
    const __m256 finite = _mm256_cmp_ps(_mm256_sub_ps(value, value), _mm256_setzero_ps(), _CMP_EQ_OQ);
    const unsigned below = mask_of(_mm256_and_ps(finite, _mm256_cmp_ps(value, low, _CMP_LT_OQ)));
    const unsigned in =
        mask_of(_mm256_and_ps(_mm256_cmp_ps(value, low, _CMP_GE_OQ), _mm256_cmp_ps(value, high, _CMP_LE_OQ)));
    const auto* lanes = reinterpret_cast<const __m256i*>(kLanesOfMask[in].data());
    _mm256_storeu_ps(inside + split.n_inside, _mm256_permutevar8x32_ps(value, _mm256_loadu_si256(lanes)));
    split.n_inside += static_cast<std::size_t>(std::popcount(in));
    split.n_below += static_cast<std::size_t>(std::popcount(below));
    split.n_finite += static_cast<std::size_t>(std::popcount(mask_of(finite)));
  }
  for (; i < values.size(); ++i) split_one(values[i], bracket, inside, split);
  return split;
}

#endif

/// Ranks of the middle among the values inside, or nothing when the bracket missed it.
std::optional<MiddleRanks> ranks_inside(MiddleRanks ranks, const Split& split) {
  if (ranks.low < split.n_below || ranks.high >= split.n_below + split.n_inside) return std::nullopt;
  return MiddleRanks{ranks.low - split.n_below, ranks.high - split.n_below};
}

MiddleRanks middle_of(std::size_t n) { return {(n - 1) / 2, n / 2}; }

template <typename T>
T median_of_all(std::span<const T> values, std::vector<T>& scratch) {
  const std::size_t n_finite = copy_finite(values, scratch);
  if (n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  return select_middle(std::span<T>(scratch.data(), n_finite), middle_of(n_finite));
}

/// Values at the front of the scratch that lie in a bracket, and which of them are wanted.
template <typename T>
struct Candidates {
  std::span<T> values;
  Bracket<T> bracket;
  MiddleRanks ranks;
};

/// Keeps those near the place where the wanted ranks are when values lie evenly in the bracket; false when they are
/// elsewhere, and the candidates are lost.
template <typename T>
bool narrow(Candidates<T>& candidates) {
  const auto n = static_cast<double>(candidates.values.size());
  const double place = (0.5 * static_cast<double>(candidates.ranks.low + candidates.ranks.high) + 0.5) / n;
  const double half_width = kNarrowHalfWidth / std::sqrt(n);
  const auto [low, high] = candidates.bracket;
  const T width = high - low;
  const Bracket<T> bracket{std::max(low, low + static_cast<T>(place - half_width) * width),
                           std::min(high, low + static_cast<T>(place + half_width) * width)};
  const Split split = split_by(std::span<const T>(candidates.values), bracket, candidates.values.data());
  const auto ranks = ranks_inside(candidates.ranks, split);
  if (!ranks) return false;
  candidates = {candidates.values.first(split.n_inside), bracket, *ranks};
  return true;
}

/// One value of a few, by the number of those below it.
template <typename T>
T value_of_rank(std::span<const T> values, std::size_t rank) {
  for (const T value : values) {
    std::uint32_t n_below = 0;
    std::uint32_t n_up_to = 0;
    for (const T other : values) {
      n_below += other < value ? 1U : 0U;
      n_up_to += other <= value ? 1U : 0U;
    }
    if (n_below <= rank && rank < n_up_to) return value;
  }
  return std::numeric_limits<T>::quiet_NaN();
}

template <typename T>
T select_candidate(const Candidates<T>& candidates) {
  const auto [low, high] = candidates.ranks;
  if (candidates.values.size() > 2 * kFew) return select_middle(candidates.values, candidates.ranks);
  const std::span<const T> values = candidates.values;
  const T upper = value_of_rank(values, high);
  return low == high ? upper : T(0.5) * upper + T(0.5) * value_of_rank(values, low);
}

/// The median of finite values when it lies near their mean, as that of most noise does; otherwise nothing. `scratch`
/// is long enough.
template <typename T>
std::optional<T> median_near_mean(std::span<const T> values, const Moments<T>& moments, std::span<T> scratch) {
  const T half_width = static_cast<T>(kMeanBracketHalfWidth) * moments.deviation;
  const Bracket<T> bracket{moments.mean - half_width, moments.mean + half_width};
  const Split split = split_by(values, bracket, scratch.data());
  const auto ranks = ranks_inside(middle_of(values.size()), split);
  const auto max_inside = static_cast<std::size_t>(kMaxFractionInside * static_cast<double>(values.size()));
  if (!ranks || split.n_inside > max_inside) return std::nullopt;
  Candidates<T> candidates{scratch.first(split.n_inside), bracket, *ranks};
  for (int step = 0; step < kNarrowingSteps && candidates.values.size() > kFew; ++step) {
    if (!narrow(candidates)) return std::nullopt;
  }
  return select_candidate(candidates);
}

/// For any values: brackets from a sample.
template <typename T>
T median_by_sample(std::span<const T> values, std::vector<T>& scratch) {
  const Split first = split_by(values, bracket_quantile(values, 0.5), scratch.data());
  if (first.n_finite == 0) return std::numeric_limits<T>::quiet_NaN();
  auto ranks = ranks_inside(middle_of(first.n_finite), first);
  if (!ranks) return median_of_all(values, scratch);
  std::size_t n_inside = first.n_inside;
  if (n_inside >= kMinBracketedLength) {
    const std::span<const T> inside(scratch.data(), n_inside);
    const double quantile = static_cast<double>(ranks->high) / static_cast<double>(n_inside);
    const Split second = split_by(inside, bracket_quantile(inside, quantile), scratch.data());
    ranks = ranks_inside(*ranks, second);
    if (!ranks) return median_of_all(values, scratch);
    n_inside = second.n_inside;
  }
  return select_middle(std::span<T>(scratch.data(), n_inside), *ranks);
}

template <typename T>
T median_of(std::span<const T> values, std::vector<T>& scratch) {
  if (values.size() < kMinBracketedLength) return median_of_all(values, scratch);
  if (scratch.size() < values.size() + kRoom) scratch.resize(values.size() + kRoom);
  const Moments<T> moments = moments_of(values);
  const bool all_finite = is_finite(moments.mean) && is_finite(moments.deviation);
  const auto median = all_finite ? median_near_mean(values, moments, std::span<T>(scratch)) : std::nullopt;
  return median ? *median : median_by_sample(values, scratch);
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

double upper_median(std::vector<double> values) {
  if (values.empty()) return kNan;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

double finite_mean(std::span<const double> values) {
  double sum = 0.0, n = 0.0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    n += 1.0;
  }
  return n > 0.0 ? sum / n : kNan;
}

double mad_sigma(std::span<const double> values) {
  const double middle = median(values);
  std::vector<double> deviations(values.begin(), values.end());
  for (double& value : deviations) value = std::abs(value - middle);
  return kMadToSigma * median(std::span<const double>(deviations));
}

}  // namespace comap
