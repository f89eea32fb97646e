#include "linemap/line_stack.hpp"

#include <cmath>
#include <map>

#include "core/constants.hpp"
#include "linemap/spectral_axis.hpp"

namespace comap {
namespace {

struct Sum {
  double weighted_K = 0.0, weight_per_K2 = 0.0, weighted_variance = 0.0, hits = 0.0;
};
using Sums = std::map<std::int64_t, std::vector<Sum>>;  ///< [pixel][channel], in order of pixel

/// Channel numbers on the axis of the line at which the stack has its channels.
std::vector<double> places_of(const StackedLine& line, const SpectralAxis& axis, double rest_GHz) {
  std::vector<double> places;
  for (int channel = 0; channel < axis.n_channels; ++channel) {
    const double velocity_km_s = radio_velocity_km_s(axis.frequency_GHz(channel), rest_GHz);
    places.push_back(line.axis.channel_of(frequency_at_GHz(velocity_km_s, line.rest_GHz)));
  }
  return places;
}

void add_blend(const CubeSpectra& spectra, std::size_t first, const ChannelBlend& blend, double weight_per_K2,
               Sum& sum) {
  double largest = 0.0, hits = 0.0;
  for (int i = 0; i < blend.n; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(blend.first + i);
    const double share = blend.weight[i];
    sum.weighted_K += weight_per_K2 * share * static_cast<double>(spectra.temperature_K[at]);
    sum.weighted_variance += std::pow(weight_per_K2 * share * static_cast<double>(spectra.rms_K[at]), 2);
    if (share <= largest) continue;
    largest = share;
    hits = static_cast<double>(spectra.hits[at]);
  }
  sum.weight_per_K2 += weight_per_K2;
  sum.hits += hits;
}

/// Mean of 1/rms^2 over the channels that a pixel has.
double weight_of(std::span<const float> rms_K, std::span<const std::uint8_t> present) {
  double sum = 0.0, n = 0.0;
  for (std::size_t channel = 0; channel < rms_K.size(); ++channel) {
    if (present[channel] == 0) continue;
    sum += std::pow(static_cast<double>(rms_K[channel]), -2);
    n += 1.0;
  }
  return sum / n;
}

void add_line(const StackedLine& line, const std::vector<double>& places, Sums& sums) {
  const auto n_channels = static_cast<std::size_t>(line.spectra.n_channels);
  std::vector<std::uint8_t> present(n_channels);
  for (std::size_t pixel = 0; pixel < line.spectra.n_pixels(); ++pixel) {
    const std::size_t first = pixel * n_channels;
    for (std::size_t channel = 0; channel < n_channels; ++channel) {
      present[channel] = std::isfinite(line.spectra.temperature_K[first + channel]) ? 1 : 0;
    }
    const double weight_per_K2 = weight_of(std::span(line.spectra.rms_K).subspan(first, n_channels), present);
    std::vector<Sum>& spectrum = sums[line.spectra.pixel[pixel]];
    spectrum.resize(places.size());
    for (std::size_t channel = 0; channel < places.size(); ++channel) {
      const ChannelBlend blend = blend_at(places[channel], present);
      if (blend.n > 0) add_blend(line.spectra, first, blend, weight_per_K2, spectrum[channel]);
    }
  }
}

}  // namespace

CubeSpectra stack_lines(std::span<const StackedLine> lines, const SpectralAxis& axis, double rest_GHz) {
  Sums sums;
  for (const StackedLine& line : lines) add_line(line, places_of(line, axis, rest_GHz), sums);
  CubeSpectra stack;
  stack.n_channels = axis.n_channels;
  for (const auto& [pixel, spectrum] : sums) {
    stack.pixel.push_back(pixel);
    for (const Sum& sum : spectrum) {
      const bool is_hit = sum.hits > 0.0;
      stack.temperature_K.push_back(is_hit ? static_cast<float>(sum.weighted_K / sum.weight_per_K2) : kFloatNan);
      stack.rms_K.push_back(is_hit ? static_cast<float>(std::sqrt(sum.weighted_variance) / sum.weight_per_K2)
                                   : kFloatNan);
      stack.hits.push_back(is_hit ? static_cast<float>(sum.hits) : kFloatNan);
    }
  }
  return stack;
}

}  // namespace comap
