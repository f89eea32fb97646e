#pragma once
/// \file
/// Separation of gain and sky: the equations of method = "maximum_posterior", without knowledge of files or stages.
///
/// Model of channel c of band b: y_c(t) = g_b(t) + s_c (a(t) + b(t) x_c) + noise of variance v, with a prior on g
/// only. a and b are free in every sub-band (sky = "free") or one pair for the whole feed, with the spectrum of a power
/// law in s (sky = "power_law"). docs/gain-filter.md derives what follows.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "core/constants.hpp"
#include "math/fft.hpp"
#include "math/least_squares.hpp"
#include "stages/gain_filter/template_sums.hpp"

namespace comap {

/// Frequency at which the powers of gain noise are given.
inline constexpr double kGainReferenceFrequency_Hz = 0.1;
/// T ~ nu^beta of sky = "power_law"; a and b x are its amplitude and first change.
inline constexpr double kSkySpectralIndex = -2.4;

/// The sub-band's part (al, be) in q = 1 - s (al + be x): what of a constant looks like sky. Nothing when fewer than
/// three channels or channels that are all alike cannot tell.
std::optional<Vector2> sky_part_of_constant(const ChannelMoments& moments);

/// Rows of a symmetric matrix over the bands.
using BandMatrix = std::array<std::array<double, kBands>, kBands>;

/// What the data of one feed and scan say of the gains of its bands, the sky taken out: they are the right-hand side
/// and the matrix of the normal equations M g = r. A band that says nothing has a row of zeros.
struct GainEvidence {
  std::array<std::vector<double>, kBands> projected;  ///< r_b [sample], finite
  BandMatrix information{};                           ///< M

  bool empty() const { return projected[0].empty(); }
};

/// Both take `sub_bands` [band * n_freq_bin + sub-band], finite where they are not empty, and the variance v of y.
/// Free sky: r_b = sum q y / v, M diagonal, M_b = sum q / v, over the sub-bands of b.
GainEvidence project_out_free_sky(std::span<const TemplateSums> sub_bands, double white_variance);
/// One a, b for all: M_bb' = (n_b delta_bb' - h_b A^-1 h_b') / v, r_b = (sum_b y - h_b A^-1 [sum s y, sum s x y]) / v
/// with h_b = [sum_b s, sum_b s x] and A = [[sum s s, sum s s x], [sum s s x, sum s s x x]] of all bands.
GainEvidence project_out_common_sky(std::span<const TemplateSums> sub_bands, double white_variance);

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

/// Maximum of the posterior, [band][sample]: g = (M + P^-1)^-1 r at every frequency. `fft` has the length of the scan.
/// The mean over the scan is left to the data: at f = 0 the prior's power is 1000 x that of the first frequency.
std::array<std::vector<double>, kBands> estimate_gain(const GainEvidence& evidence, const GainPrior& prior,
                                                      double sample_time_s, RealFft& fft);

/// gLS = sum_b r_b / sum_bb' M_bb': one gain for all bands without prior. Contains no sky; white noise of variance
/// 1 / sum_bb' M_bb'. Empty when no band says anything.
std::vector<double> unbiased_gain(const GainEvidence& evidence);
double total_information(const GainEvidence& evidence);

}  // namespace comap
