#pragma once
/// \file
/// Fit of an elliptical Gaussian to samples of a point source. The only user of Ceres.

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace comap {

/// Parameters of the source and their places in the covariance.
enum SourceParameter : std::size_t { kAmplitude, kX, kY, kSigmaX, kSigmaY, kAngle };
inline constexpr std::size_t kSourceParameters = 6;
using SourceVector = std::array<double, kSourceParameters>;

/// Samples of a source; all spans and templates have the same length and are finite.
struct SourceSamples {
  std::span<const double> x_deg;
  std::span<const double> y_deg;
  std::span<const double> values_K;
  /// Fitted together with the source, e.g. airmass and time; a constant is always fitted. Templates that depend on
  /// others are left out.
  std::vector<std::vector<double>> templates;
  double noise_K = 0.0;  ///< rms of a sample
};

struct SourceFit {
  /// [K], [deg] and, for the angle, [rad]: of the axis of sigma_x from x towards y.
  SourceVector value{};
  std::array<SourceVector, kSourceParameters> covariance{};  ///< rows and columns of a parameter that is held are 0
  std::vector<double> residual_K;                            ///< [sample] data minus model
};

/// The source, without constant and templates, at a position.
double source_model_K(const SourceVector& source, double x_deg, double y_deg);

/// Levenberg-Marquardt fit of
///   A exp(-(u^2 / sigma_x^2 + v^2 / sigma_y^2) / 2) + constant + sum_k c_k template_k,
/// (u, v) = (x - x0, y - y0) turned by the angle, weights 1/noise_K, from `start`. The angle is held at its start
/// unless `fit_angle`. Errors are the inverse of the normal matrix at the minimum. Widths come out positive. Nothing
/// when the fit does not converge, when the normal matrix is singular, or with fewer samples than parameters.
std::optional<SourceFit> fit_source(const SourceSamples& samples, const SourceVector& start, bool fit_angle);

}  // namespace comap
