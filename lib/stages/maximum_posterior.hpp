#pragma once
/// \file
/// Separation of gain and sky: the equations of method = "maximum_posterior", without knowledge of files or stages.
///
/// Model of channel c of half band h: y_c(t) = g_b(t) + s_c (a_h(t) + b_h(t) x_c) + noise of variance v, with free
/// a, b and a prior on g only. docs/gain-filter.md derives what follows.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "core/constants.hpp"
#include "math/fft.hpp"
#include "math/least_squares.hpp"

namespace comap {

/// Frequency at which the powers of gain noise are given.
inline constexpr double kGainReferenceFrequency_Hz = 0.1;

/// Sums over the channels of a half band; s = 1/m [1/K], x = ln(nu / 30 GHz).
struct ChannelMoments {
  double n = 0.0;
  double s = 0.0;
  double sx = 0.0;
  double ss = 0.0;
  double ssx = 0.0;
  double ssxx = 0.0;

  /// `sign` = -1 takes a channel out again.
  void add(double channel_s, double channel_x, double sign = 1.0);
};

/// The half band's part (al, be) in q = 1 - s (al + be x): what of a constant looks like sky. Nothing when fewer than
/// three channels or channels that are all alike cannot tell.
std::optional<Vector2> sky_part_of_constant(const ChannelMoments& moments);

/// sum q over the channels.
double sum_of_q(const ChannelMoments& moments, const Vector2& sky_part);

/// What one band says of its gain.
struct BandGain {
  std::vector<double> projected;  ///< r_b = sum q y / v [sample], finite
  double information = 0.0;       ///< M_b = sum q / v; 0 = the band says nothing
};

/// Power of gain noise, |FFT|^2/N convention: sigma^2 (f / 0.1 Hz)^alpha, common to the bands and the band's own.
struct GainPrior {
  double sigma_common = 0.0;
  double sigma_band = 0.0;
  double alpha = 0.0;
};

/// Relative gain fluctuation g_b(t) of every band [band][sample]. `fft` has the length of the scan.
std::array<std::vector<double>, kBands> estimate_gain(const std::array<BandGain, kBands>& bands, const GainPrior& prior,
                                                      double sample_time_s, RealFft& fft);

/// gLS = sum_b r_b / sum_b M_b: the gain without prior. Contains no sky; white noise of variance 1 / sum_b M_b.
/// Empty when no band says anything.
std::vector<double> unbiased_gain(const std::array<BandGain, kBands>& bands);
double total_information(const std::array<BandGain, kBands>& bands);

}  // namespace comap
