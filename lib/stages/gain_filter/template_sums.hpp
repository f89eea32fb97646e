#pragma once
/// \file
/// Sums over channels from which gain, sky and continuum are solved at every sample.

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "stages/gain_filter/channel_sums.hpp"

namespace comap {

/// x = ln(nu / 30 GHz).
double log_frequency(double frequency_GHz);

/// Sums over channels of the templates 1, s, s x; s is that of the sky, 1/m [1/K] (m the total system temperature)
/// or 1/m times a spectrum.
struct ChannelMoments {
  double n = 0.0;
  double s = 0.0;
  double sx = 0.0;
  double ss = 0.0;
  double ssx = 0.0;
  double ssxx = 0.0;

  /// `sign` = -1 takes a channel out again.
  void add(double channel_s, double channel_x, double sign = 1.0);
  ChannelMoments& operator+=(const ChannelMoments& other);
};

/// The same with the data: what a least squares fit of y = g + s (a + b x) needs.
struct TemplateSums {
  ChannelMoments moments;
  std::array<std::vector<double>, 3> sums;  ///< of y, s y, s x y [sample]; empty = no channel

  bool empty() const { return sums[0].empty(); }
  TemplateSums& operator+=(const TemplateSums& other);
};

/// Adds channels; rows, s and x [channel] belong together. One pass over their samples.
void add_channels(std::span<const ChannelSamples> rows, std::span<const double> s, std::span<const double> x,
                  std::size_t n_samples, TemplateSums& target);

}  // namespace comap
