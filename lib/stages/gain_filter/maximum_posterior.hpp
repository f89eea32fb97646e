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
#include "math/gain_modes.hpp"
#include "math/least_squares.hpp"
#include "stages/gain_filter/template_sums.hpp"

namespace comap {

/// T ~ nu^beta of sky = "power_law"; a and b x are its amplitude and first change.
inline constexpr double kSkySpectralIndex = -2.4;

/// The sub-band's part (al, be) in q = 1 - s (al + be x): what of a constant looks like sky. Nothing when fewer than
/// three channels or channels that are all alike cannot tell.
std::optional<Vector2> sky_part_of_constant(const ChannelMoments& moments);

/// Information of the data of one feed and scan on the gains of its bands, the sky taken out: the right-hand side
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

/// Maximum of the posterior, [band][sample]: g = (M + P^-1)^-1 r at every frequency. `fft` has the length of the scan.
/// The mean over the scan is left to the data: at f = 0 the prior's power is 1000 x that of the first frequency.
std::array<std::vector<double>, kBands> estimate_gain(const GainEvidence& evidence, const GainPrior& prior,
                                                      double sample_time_s, RealFft& fft);

/// gLS = sum_b r_b / sum_bb' M_bb': one gain for all bands without prior. Contains no sky; white noise of variance
/// 1 / sum_bb' M_bb'. Empty when no band says anything.
std::vector<double> unbiased_gain(const GainEvidence& evidence);
double total_information(const GainEvidence& evidence);

}  // namespace comap
