#pragma once
/// \file
/// Histogram of the differences of one channel, both signs: bins of constant relative width around the scale, of
/// constant width near 0, where the median lies. The former are the top bits of the floating-point numbers themselves,
/// so that finding one costs three integer operations.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace comap::pair_histogram {

inline constexpr int kMantissaBits = 9;    ///< 512 bins to the octave
inline constexpr int kOctavesEachWay = 2;  ///< below and above the scale
inline constexpr int kShift = 23 - kMantissaBits;
inline constexpr int kInnerBins = 2 * kOctavesEachWay << kMantissaBits;
inline constexpr int kLinearBins = 128;  ///< of moduli below the inner bins
/// Of one sign: linear bins, inner bins, moduli above.
inline constexpr int kBinsPerSign = kLinearBins + kInnerBins + 1;
/// Cells of a channel: difference 0, positive bins, negative bins, not finite.
inline constexpr int kZeroCell = 0;
inline constexpr int kPositiveCell = 1;
inline constexpr int kNegativeCell = kPositiveCell + kBinsPerSign;
inline constexpr int kIgnoredCell = kNegativeCell + kBinsPerSign;
inline constexpr int kCells = kIgnoredCell + 1;

/// Lowest bin edge for data whose typical modulus is `scale` > 0, as the bit pattern above `kShift`.
inline std::int32_t first_bin(float scale) {
  constexpr float kSmallestScale = 1e-36F;  // the lowest edge must not be denormal
  const auto bits = std::bit_cast<std::uint32_t>(std::max(scale, kSmallestScale));
  return static_cast<std::int32_t>(bits >> kShift) - (kOctavesEachWay << kMantissaBits);
}

/// Lower edge of the inner bins.
inline float lowest_edge(std::int32_t first_bin) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(first_bin) << kShift);
}

/// Cell of a difference; `linear_bins_per_unit` = kLinearBins / lowest_edge(first_bin).
inline std::int32_t cell_of(float difference, std::int32_t first_bin, float linear_bins_per_unit) {
  constexpr std::int32_t kInfinityBits = 0x7F800000;
  const auto bits = std::bit_cast<std::int32_t>(difference);
  const std::int32_t modulus = bits & 0x7FFFFFFF;
  const std::int32_t inner = (modulus >> kShift) - first_bin;
  const float in_linear = std::min(std::bit_cast<float>(modulus) * linear_bins_per_unit, kLinearBins - 1.0F);
  const std::int32_t bin = inner < 0 ? static_cast<std::int32_t>(in_linear) : kLinearBins + std::min(inner, kInnerBins);
  const std::int32_t signed_cell = bin + (bits < 0 ? kNegativeCell : kPositiveCell);
  const std::int32_t finite_cell = modulus == 0 ? kZeroCell : signed_cell;
  return modulus >= kInfinityBits ? kIgnoredCell : finite_cell;
}

/// Median absolute deviation from the median, linear inside bins. NaN when there is nothing in the histogram or when
/// the deviation is larger than the upper edge of the inner bins.
double median_absolute_deviation(std::span<const std::uint16_t> cells, std::int32_t first_bin);

}  // namespace comap::pair_histogram
