#include "math/pair_histogram.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <array>
#include <cmath>

#include "core/constants.hpp"

namespace comap::pair_histogram {
namespace {

constexpr int kBisections = 48;  ///< of a range of 2^9 scales: to 1e-11 of one

/// Lower edge of a bin: the bit pattern, relative to the lowest, of its first modulus.
std::int32_t first_position(int bin) {
  constexpr int kNarrowBin = kNarrowStart >> kWideShift;
  constexpr int kWideAgain = kNarrowBin + (kOctave >> kNarrowShift);
  if (bin <= kNarrowBin) return bin << kWideShift;
  if (bin <= kWideAgain) return kNarrowStart + ((bin - kNarrowBin) << kNarrowShift);
  return kNarrowStart + kOctave + ((bin - kWideAgain) << kWideShift);
}

/// How many differences are below a value.
class Distribution {
 public:
  Distribution(std::span<const std::uint16_t> cells, std::int32_t lowest_bits)
      : lowest_bits_(lowest_bits), n_zero_(cells[kZeroCell]) {
    accumulate(cells.subspan(kPositiveCell, kBinsPerSign), positive_);
    accumulate(cells.subspan(kNegativeCell, kBinsPerSign), negative_);
  }

  double size() const { return n_zero_ + positive_.back() + negative_.back(); }
  double n_zero() const { return n_zero_; }
  double upper_edge() const { return edge(kBinsPerSign - 1); }
  double below(double value) const {
    if (value < 0.0) return negative_.back() - within(negative_, -value);
    return negative_.back() + n_zero_ + within(positive_, value);
  }

 private:
  using Sums = std::array<std::int32_t, kBinsPerSign + 1>;

  static void accumulate(std::span<const std::uint16_t> cells, Sums& sums) {
    sums[0] = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) sums[i + 1] = sums[i] + cells[i];
  }
  double edge(int bin) const {
    if (bin == 0) return 0.0;
    return std::bit_cast<float>(lowest_bits_ + first_position(bin));
  }
  double within(const Sums& sums, double modulus) const {
    const int bin =
        std::min(bin_of(std::bit_cast<std::int32_t>(static_cast<float>(modulus)) - lowest_bits_), kBinsPerSign - 2);
    const double low = edge(bin);
    const double fraction = std::clamp((modulus - low) / (edge(bin + 1) - low), 0.0, 1.0);
    const std::size_t index = bin;
    return sums[index] + fraction * (sums[index + 1] - sums[index]);
  }

  std::int32_t lowest_bits_;
  double n_zero_;
  Sums positive_;  ///< [bin] differences with a smaller modulus
  Sums negative_;
};

#ifdef __AVX2__

constexpr std::size_t kPairsAtOnce = 8;

/// cell_of for 8 pairs. The compiler makes three times as many instructions of the plain loop.
__m256i cells_of_vector(const float* pairs, __m256i lowest_bits) {
  const auto all = [](std::int32_t value) { return _mm256_set1_epi32(value); };
  const __m256 low_half = _mm256_loadu_ps(pairs);
  const __m256 high_half = _mm256_loadu_ps(pairs + kPairsAtOnce);
  const __m256 difference =
      _mm256_sub_ps(_mm256_shuffle_ps(low_half, high_half, 0x88), _mm256_shuffle_ps(low_half, high_half, 0xDD));
  const __m256i bits = _mm256_castps_si256(difference);
  const __m256i modulus = _mm256_and_si256(bits, all(0x7FFFFFFF));
  const auto clamped = [&](__m256i value, std::int32_t high) {
    return _mm256_min_epi32(_mm256_max_epi32(value, _mm256_setzero_si256()), all(high));
  };
  const __m256i in_range = clamped(_mm256_sub_epi32(modulus, lowest_bits), kRange);
  const __m256i in_narrow = clamped(_mm256_sub_epi32(in_range, all(kNarrowStart)), kOctave);
  const __m256i extra =
      _mm256_sub_epi32(_mm256_srli_epi32(in_narrow, kNarrowShift), _mm256_srli_epi32(in_narrow, kWideShift));
  const __m256i bin = _mm256_add_epi32(_mm256_srli_epi32(in_range, kWideShift), extra);
  const __m256i sign_offset = _mm256_and_si256(_mm256_srai_epi32(bits, 31), all(kNegativeCell));
  const __m256i is_zero = _mm256_cmpeq_epi32(modulus, _mm256_setzero_si256());
  const __m256i is_ignored = _mm256_cmpgt_epi32(modulus, all(kInfinityBits - 1));
  const __m256i finite_cell = _mm256_blendv_epi8(_mm256_add_epi32(bin, sign_offset), all(kZeroCell), is_zero);
  return _mm256_blendv_epi8(finite_cell, all(kIgnoredCell), is_ignored);
}

#endif

template <typename Count>
double where_half(double low, double high, double half, const Count& count) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (count(middle) < half ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

void find_cells(const float* pairs, std::int32_t lowest_bits, std::span<std::int32_t> cells) {
  std::size_t i = 0;
#ifdef __AVX2__
  const __m256i lowest = _mm256_set1_epi32(lowest_bits);
  for (; i + kPairsAtOnce <= cells.size(); i += kPairsAtOnce) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(cells.data() + i), cells_of_vector(pairs + 2 * i, lowest));
  }
#endif
  for (; i < cells.size(); ++i) cells[i] = cell_of(pairs[2 * i] - pairs[2 * i + 1], lowest_bits);
}

double median_absolute_deviation(std::span<const std::uint16_t> cells, std::int32_t lowest_bits) {
  const Distribution distribution(cells, lowest_bits);
  const double half = 0.5 * distribution.size();
  if (half == 0.0) return kNan;
  if (distribution.n_zero() >= half) return 0.0;
  const double limit = distribution.upper_edge();
  const double median = where_half(-limit, limit, half, [&](double value) { return distribution.below(value); });
  const auto inside = [&](double deviation) {
    return distribution.below(median + deviation) - distribution.below(median - deviation);
  };
  const double largest = limit - std::abs(median);
  if (inside(largest) < half) return kNan;
  return where_half(0.0, largest, half, inside);
}

}  // namespace comap::pair_histogram
