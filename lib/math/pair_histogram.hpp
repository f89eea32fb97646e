#pragma once
/// \file
/// Histogram of differences of one channel with bins of constant relative width, both signs. The bins are the top bits
/// of the floating-point numbers themselves, so that finding one costs three integer operations.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace comap::pair_histogram {

inline constexpr int kMantissaBits = 9;    ///< 512 bins to the octave
inline constexpr int kOctavesEachWay = 2;  ///< below and above the scale
inline constexpr int kShift = 23 - kMantissaBits;
inline constexpr int kInnerBins = 2 * kOctavesEachWay << kMantissaBits;
/// Of one sign: moduli below the inner bins, the inner bins, moduli above.
inline constexpr int kBinsPerSign = kInnerBins + 2;
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

/// Cell of a difference.
inline std::int32_t cell_of(float difference, std::int32_t first_bin) {
  constexpr std::int32_t kInfinityBits = 0x7F800000;
  const auto bits = std::bit_cast<std::int32_t>(difference);
  const std::int32_t modulus = bits & 0x7FFFFFFF;
  const std::int32_t bin = std::clamp((modulus >> kShift) - first_bin + 1, 0, kBinsPerSign - 1);
  const std::int32_t signed_cell = bin + (bits < 0 ? kNegativeCell : kPositiveCell);
  const std::int32_t finite_cell = modulus == 0 ? kZeroCell : signed_cell;
  return modulus >= kInfinityBits ? kIgnoredCell : finite_cell;
}

/// Median absolute deviation from the median, linear inside bins. NaN when there is nothing in the histogram or when
/// the deviation is larger than the upper edge of the inner bins.
double median_absolute_deviation(std::span<const std::uint16_t> cells, std::int32_t first_bin);

}  // namespace comap::pair_histogram
