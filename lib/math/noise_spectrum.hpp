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

/// P(f) = white^2 + red^2 |f / f_0|^alpha, in the units of the series; all NaN when the fit failed.
struct NoiseModel {
  double sigma_white;
  double sigma_red;
  double alpha;
};

/// Minimises sum_bins sqrt(n_modes) (ln P - ln model)^2 with sigma >= 0 and -4 <= alpha <= 4 from `start` by Levenberg
/// and Marquardt's method in (ln white, ln red, alpha). Bins without power are left out. Fails (NaN) with fewer bins
/// than parameters, a start that is not positive, or without convergence.
NoiseModel fit_noise_model(std::span<const SpectrumBin> bins, double reference_Hz, const NoiseModel& start);

}  // namespace comap
