#pragma once
/// \file
/// Line work: gain, atmosphere and continuum taken out of the channels of one band, at every sample.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "math/least_squares.hpp"
#include "stages/feed_block.hpp"
#include "stages/gain_filter/template_sums.hpp"

namespace comap {

/// 1 for channels that a line may touch: within line_mask's width [GHz] of one of its frequencies, and at least
/// the three nearest to a frequency inside the band. [channel]
std::vector<std::uint8_t> line_channels(std::span<const double> frequency_GHz,
                                        const std::vector<std::array<double, 2>>& line_mask);

/// g, a, b of y = g + s (a + b x) [3][sample]: least squares over channels with equal weights. NaN where a channel is;
/// NaN throughout for fewer than 3 channels or channels that are all alike.
std::array<std::vector<double>, 3> fit_continuum(const TemplateSums& channels);

/// Variance of (sum w y) - (what the fit gives for it), y white with variance 1, for weights w = s / sum s^2 over the
/// channels `average`, of which `average_in_fit` are among the channels `fit` of the fit. NaN when there is no fit.
double line_noise_variance(const ChannelMoments& average, const ChannelMoments& average_in_fit,
                           const ChannelMoments& fit);

/// One band of a feed in one scan (or any block of time) with everything smooth in frequency removed.
struct LineBand {
  std::vector<std::size_t> channels;  ///< the good ones, in the order of the band
  std::vector<double> frequency_GHz;  ///< of each
  std::vector<double> variance_K2;    ///< m^2 v of each, per sample: 1 / variance is the weight in a cube
  std::vector<std::uint8_t> in_fit;   ///< 0 for channels in line_mask
  std::vector<float> temperature_K;   ///< T = m (y - fit) [channel][sample]; NaN where a good channel of the band is
};

/// Filters one band for line work, as method = "line" does: with p the channel's median over the block, m = p / gain,
/// y = P / p - 1, s = 1/m and x = ln(nu / 30 GHz), y = g + s (a + b x) is fitted at every sample to the good channels
/// outside line_mask, and T = m (y - fit) returned for all good channels: gain, atmosphere and continuum are gone at
/// once, and no prior is needed, since g, a and b are not told apart. A line keeps its strength where it is masked.
/// Three degrees of freedom of the band's channels are lost.
///
/// `block` needs no channel_median (medians are computed then). `gain_counts_per_K` (of the vane) and `frequency_GHz`
/// are [channel] of this band; `white_variance` is radiometer_variance(). Of `config` the channel selection
/// (edge_cut_fraction, centre_cut_fraction, channel_quality) and line_mask are used. Costs one pass over the samples
/// for the sums, one for the result, two for medians and channel quality; 4 bytes per channel and sample.
/// Fewer than 3 channels in the fit: no channels are returned.
LineBand filter_line_band(const FeedBlock& block, std::span<const double> gain_counts_per_K,
                          std::span<const double> frequency_GHz, double white_variance, const GainFilterConfig& config);

}  // namespace comap
