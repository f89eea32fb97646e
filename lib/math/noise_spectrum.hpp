#pragma once
/// \file
/// Power spectrum of a time series in logarithmic bins, and the fit of white and 1/f noise to it.

#include <cstddef>
#include <span>
#include <vector>

namespace comap {

struct SpectrumBin {
  double frequency_Hz = 0.0;  ///< geometric mean of the bin's edges
  double power = 0.0;         ///< mean of |FFT(x)|^2 / n over the bin
  double n_modes = 0.0;       ///< frequencies in the bin
};

/// |FFT(x - median x)|^2 / n of `values` (finite, `sample_time_s` apart) without frequency 0, averaged in `n_bins` bins
/// between n_bins + 1 logarithmic edges from the first frequency to the last. Bins without a frequency are left out.
std::vector<SpectrumBin> binned_power_spectrum(std::span<const double> values, double sample_time_s,
                                               std::size_t n_bins);

/// Squares of the cosine modes (CosineTransform) k >= 3 of `values` (finite, `sample_time_s` apart), averaged in
/// `n_bins` logarithmic bins; the frequency of a bin is the geometric mean of those of its modes. Unlike the Fourier
/// transform it does not join the end of a series to its beginning, so that steep spectra do not leak. Slower modes are
/// left out, for they are what a straight line takes. `lost` [mode] is the part of white noise that other templates
/// have taken, or empty: modes that lost much are left out, the others are made good.
std::vector<SpectrumBin> binned_cosine_spectrum(std::span<const double> values, std::span<const double> lost,
                                                double sample_time_s, std::size_t n_bins);

/// Squares of the cosine modes of `shape` when its square sum is made 1: the part that subtract_templates() takes of
/// each mode of white noise. Empty when nothing is in `shape`. [mode]
std::vector<double> part_of_modes(std::span<const double> shape);

/// P(f) = white^2 + red^2 |f / f_0|^alpha, in the units of the series; all NaN when the fit failed.
struct NoiseModel {
  double sigma_white;
  double sigma_red;
  double alpha;
};

/// The quantity that the fit minimises.
enum class SpectrumFit {
  /// sum_bins sqrt(n_modes) (ln P - ln model)^2: biased, for ln of a mean over few modes is below ln of its expectation
  /// (one mode of a Fourier transform: -0.58).
  log_bins,
  /// sum_bins n_modes (ln model + P / model), the likelihood of Gaussian noise (Whittle 1953).
  likelihood,
};

/// Minimises what `fit` says with sigma >= 0 and -4 <= alpha <= 4 from `start` by Levenberg
/// and Marquardt's method in (ln white, ln red, alpha). Bins without power are left out. Fails (NaN) with fewer bins
/// than parameters, a start that is not positive, or without convergence. `hold_white`: sigma_white is that of `start`.
NoiseModel fit_noise_model(std::span<const SpectrumBin> bins, double reference_Hz, const NoiseModel& start,
                           SpectrumFit fit = SpectrumFit::log_bins, bool hold_white = false);

}  // namespace comap
