#pragma once
/// \file
/// Fit of an elliptical Gaussian to samples of a point source. The only user of Ceres.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "math/background.hpp"
#include "math/fft.hpp"

namespace comap {

/// Parameters of the source and their places in the covariance.
enum SourceParameter : std::size_t { kAmplitude, kX, kY, kSigmaX, kSigmaY, kAngle };
inline constexpr std::size_t kSourceParameters = 6;
using SourceVector = std::array<double, kSourceParameters>;

using SourceMatrix = std::array<SourceVector, kSourceParameters>;

/// Samples of a source; all spans have the same length and are finite.
struct SourceSamples {
  std::span<const double> x_deg;
  std::span<const double> y_deg;
  std::span<const double> values_K;
  const Background& background;  ///< fitted together with the source
};

struct SourceFit {
  /// [K], [deg] and, for the angle, [rad]: of the axis of sigma_x from x towards y.
  SourceVector value{};
  /// Inverse of the normal matrix: the covariance with white noise of variance 1. Rows and columns of a parameter that
  /// is held are 0.
  SourceMatrix inverse_normal{};
  /// Change of the model with each parameter, the background taken out [parameter][sample]; 0 for one that is held.
  std::array<std::vector<double>, kSourceParameters> gradient;
  std::vector<double> residual_K;  ///< [sample] data minus model and background
};

/// The source, without background, at a position.
double source_model_K(const SourceVector& source, double x_deg, double y_deg);

/// Levenberg-Marquardt fit of
///   A exp(-(u^2 / sigma_x^2 + v^2 / sigma_y^2) / 2) + background,
/// (u, v) = (x - x0, y - y0) turned by the angle, with equal weights, from `start`. The angle is held at its start
/// unless `fit_angle`. Widths come out positive. Nothing when the fit does not converge, when the normal matrix is
/// singular, or with fewer samples than parameters.
std::optional<SourceFit> fit_source(const SourceSamples& samples, const SourceVector& start, bool fit_angle);

/// Covariance of the fitted parameters when the noise is correlated: H^-1 N H^-1 with the normal matrix H and
/// N_ij = sum over the frequencies of Re(conj(G_i) G_j) P / n, G the Fourier transform of the gradient where the
/// samples were taken in time. `place` [sample of the fit]: index in a series of fft.size() samples. `power_K2`
/// [frequency]: of the noise, |FFT|^2/N per sample.
SourceMatrix correlated_covariance(const SourceFit& fit, std::span<const std::size_t> place,
                                   std::span<const double> power_K2, RealFft& fft);

}  // namespace comap
