#pragma once
/// \file
/// Knowledge of the offsets before the data: the covariance of correlated noise, averaged over an offset.

#include <cstddef>
#include <functional>
#include <vector>

namespace comap {

/// Modes of a segment that the prior sets free: frequencies below two per segment.
inline constexpr std::size_t kFreeModes = 4;

/// Variance [K^2] of the cosine modes (CosineTransform) of `n_offsets` offsets: noise of the power spectrum
/// `power_K2(frequency_Hz)` (|FFT|^2/N per sample) averaged over `offset_length` samples,
///
///   variance_k = 1/L sum_j P(|f_k + j / (L dt)|) D^2(f_k + j / (L dt)),  D(f) = sin(pi f L dt) / (L sin(pi f dt)),
///
/// summed over the L frequencies that look alike at the rate of the offsets. Modes slower than two per segment are
/// freed (1000 x the largest variance), for the spectrum is not known there.
std::vector<double> offset_mode_variance(const std::function<double(double)>& power_K2, std::size_t n_offsets,
                                         int offset_length, double sample_time_s);

}  // namespace comap
