#pragma once
/// \file
/// Histogram of the differences of one channel, both signs, in bins of constant relative width: narrow ones around the
/// scale, where the median of the moduli is expected, wide ones for eight octaves on either side. The bins are the top
/// bits of the floating-point numbers themselves, so that finding one costs a few integer operations.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace comap::pair_histogram {

inline constexpr int kMantissaBits = 23;
inline constexpr int kNarrowShift = kMantissaBits - 9;  ///< 512 bins to the octave
inline constexpr int kWideShift = kMantissaBits - 5;    ///< 32 bins to the octave
/// Bit patterns of an octave; the narrow bins take one, half of it on either side of the scale.
inline constexpr std::int32_t kOctave = std::int32_t{1} << kMantissaBits;
inline constexpr int kOctavesEachWay = 8;  ///< wide bins below and above the scale, the narrow ones included
inline constexpr std::int32_t kRange = 2 * kOctavesEachWay * kOctave;
inline constexpr std::int32_t kNarrowStart = kOctavesEachWay * kOctave - kOctave / 2;
/// The pairs of one sign: wide bins, with those of one octave cut into narrow ones, and moduli above. The lowest bin
/// reaches down to 0.
inline constexpr int kBinsPerSign = ((kRange - kOctave) >> kWideShift) + (kOctave >> kNarrowShift) + 1;
/// Cells of a channel: positive bins, negative bins, difference 0, not finite.
inline constexpr int kPositiveCell = 0;
inline constexpr int kNegativeCell = kPositiveCell + kBinsPerSign;
inline constexpr int kZeroCell = kNegativeCell + kBinsPerSign;
inline constexpr int kIgnoredCell = kZeroCell + 1;
inline constexpr int kCells = kIgnoredCell + 1;

inline constexpr std::int32_t kInfinityBits = 0x7F800000;

/// Bit pattern of the lower edge of the bins for data whose typical modulus is `scale` > 0; a multiple of a wide bin.
inline std::int32_t lowest_bits(float scale) {
  constexpr float kSmallestScale = 1e-34F;  // the lowest edge must not be denormal
  constexpr float kLargestScale = 1e34F;    // nor the highest infinite
  const auto bits = std::bit_cast<std::int32_t>(std::clamp(scale, kSmallestScale, kLargestScale));
  return ((bits >> kWideShift) << kWideShift) - kOctavesEachWay * kOctave;
}

/// Bin of a modulus, `position` = its bit pattern minus that of the lowest edge.
inline std::int32_t bin_of(std::int32_t position) {
  const std::int32_t in_range = std::clamp(position, 0, kRange);
  const std::int32_t in_narrow = std::clamp(in_range - kNarrowStart, 0, kOctave);
  return (in_range >> kWideShift) + (in_narrow >> kNarrowShift) - (in_narrow >> kWideShift);
}

/// Cell of a difference.
inline std::int32_t cell_of(float difference, std::int32_t lowest_bits) {
  const auto bits = std::bit_cast<std::int32_t>(difference);
  const std::int32_t modulus = bits & 0x7FFFFFFF;
  const std::int32_t signed_cell = bin_of(modulus - lowest_bits) + (bits < 0 ? kNegativeCell : kPositiveCell);
  const std::int32_t finite_cell = modulus == 0 ? kZeroCell : signed_cell;
  return modulus >= kInfinityBits ? kIgnoredCell : finite_cell;
}

/// Cells of n = cells.size() pairs of neighbouring values, in any order within groups of 8.
void find_cells(const float* pairs, std::int32_t lowest_bits, std::span<std::int32_t> cells);

/// Median absolute deviation from the median, linear inside bins. NaN when there is nothing in the histogram or when
/// the deviation is larger than the upper edge of the bins.
double median_absolute_deviation(std::span<const std::uint16_t> cells, std::int32_t lowest_bits);

}  // namespace comap::pair_histogram
