#pragma once
/// \file
/// Power spectra in the convention |FFT|^2 / n (white noise of variance v has power v), and the fit of 1/f noise.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "math/fft.hpp"

namespace comap {

/// |FFT(w (x - mean x))|^2 / n at the frequencies k / (n dt), k = 0 .. n/2, with the Hann window
/// w_i proportional to 1 - cos(2 pi i / n) normalised to mean square 1, so that it leaves the power of noise as it is.
/// `fft` has the length of `series`, at least 2, which is finite throughout.
std::vector<double> windowed_power(std::span<const double> series, RealFft& fft);

/// Power of several series, of any lengths, averaged in common logarithmic bins.
class BinnedSpectrum {
 public:
  /// Bins between two frequencies [Hz].
  BinnedSpectrum(double low_Hz, double high_Hz, std::size_t n_bins);

  /// Adds the modes of one series, `power` as from windowed_power, whose white level is known.
  void add(std::span<const double> power, double frequency_step_Hz, double white_level);

  /// One bin with modes in it.
  struct Bin {
    double frequency_Hz;  ///< geometric mean of the frequencies of its modes
    double power;         ///< mean over its modes
    double white_level;   ///< mean over its modes
    double n_modes;
  };
  std::vector<Bin> bins() const;

 private:
  struct Sums {
    double log_frequency = 0.0;
    double power = 0.0;
    double white_level = 0.0;
    double n_modes = 0.0;
  };
  double low_Hz_;
  double log_range_;
  std::vector<Sums> sums_;
};

/// P(f) = sigma^2 (f / f_0)^alpha
struct PowerLaw {
  double sigma = 0.0;
  double alpha = 0.0;
};

/// Knowledge of a power law beforehand.
struct PowerLawPrior {
  double alpha_mean = 0.0;
  double alpha_error = 1.0;           ///< of a normal distribution
  std::optional<double> fixed_sigma;  ///< not fitted when given
  std::optional<double> fixed_alpha;
};

/// Whittle's maximum likelihood fit of white level + sigma^2 (f / reference)^alpha: minimises
/// sum n (ln model + power / model) + (alpha - mean)^2 / (2 error^2), the modes of a Gaussian process being
/// exponentially distributed (Whittle 1953). A spectrum without bins gives a sigma of 0 and the prior's alpha.
PowerLaw fit_power_law(std::span<const BinnedSpectrum::Bin> bins, double reference_Hz, const PowerLawPrior& prior);

}  // namespace comap
