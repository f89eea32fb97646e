#pragma once
/// \file
/// Power spectrum of the correlated noise in one stream and scan, from what Level-2 stored.

#include <functional>
#include <optional>

#include "io/level2/level2_reader.hpp"

namespace comap {

/// P(f) [K^2, |FFT|^2/N per sample] without the white noise:
///
/// binned_filtered_data   k^2 D_b(f), the gain that the filter leaves (docs/gain-filter.md), from level2/gain_filter;
/// binned_data            k^2 (P_c + P_b), the gain itself;
/// without that group     sigma_red^2 (f / 0.1 Hz)^alpha of the noise fit.
///
/// Nothing when the file has neither, or not finite.
std::optional<std::function<double(double)>> correlated_noise_K2(const Level2Reader& file, int feed, int frequency_band,
                                                                 std::size_t scan);

}  // namespace comap
