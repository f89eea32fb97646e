#pragma once
/// \file
/// The noise of gains that the bands share, before and after the gain filter (docs/gain-filter.md).

#include <array>
#include <cstddef>
#include <functional>

#include "core/constants.hpp"

namespace comap {

/// Frequency at which the powers of gain noise are given.
inline constexpr double kGainReferenceFrequency_Hz = 0.1;

/// Rows of a symmetric matrix over the bands.
using BandMatrix = std::array<std::array<double, kBands>, kBands>;

/// Power of gain noise, |FFT|^2/N convention: sigma^2 (f / 0.1 Hz)^alpha, common to the bands and the band's own.
struct GainPrior {
  double sigma_common = 0.0;
  double sigma_band = 0.0;
  double alpha = 0.0;
};

/// Combinations of the bands' gains that data and prior know independently of each other: the covariance
/// of g at the frequency where the prior has the power `shape` is to_gain diag(shape / (1 + shape information))
/// to_gain^T, and to_gain to_gain^T shape is the prior's.
struct GainModes {
  BandMatrix to_gain{};  ///< [band][mode]
  std::array<double, kBands> information{};
};
GainModes gain_modes(const BandMatrix& information, const GainPrior& prior);

/// D_b(f): power of the error of the gain of a band, |FFT|^2/N, where the prior's shape is (f / 0.1 Hz)^alpha.
/// The filtered sub-band has the noise v / sum s^2 + k^2 D_b (exactly with sky = "free").
double gain_error_power(const GainModes& modes, std::size_t band, double shape);

/// The gain filter's knowledge of the gain in one stream and scan (group level2/gain_filter).
struct GainNoise {
  std::size_t band = 0;
  double effective_tsys_K = 0.0;
  double sigma_common = 0.0;  ///< of the relative gain at 0.1 Hz
  double sigma_band = 0.0;
  double alpha = 0.0;
  /// M [band][band]; diagonal unless the filter knew one sky for all bands. A band that says nothing has zeros.
  BandMatrix information{};
};

/// k^2 D_b(f) [K^2, |FFT|^2/N per sample] as a function of f [Hz]: the noise of a filtered sub-band besides its white
/// noise.
std::function<double(double)> filtered_gain_power_K2(const GainNoise& noise);

}  // namespace comap
