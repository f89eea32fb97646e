#include "stages/gain_filter/maximum_posterior.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>

namespace comap {
namespace {

constexpr double kMinMoments = 3.0;
// The mean of the gain over a scan is left free: power at f = 0 in units of the first bin's.
constexpr double kPowerAtZero = 1000.0;

/// Shape of the prior powers at the frequencies k / (n dt), sigma = 1. [n / 2 + 1]
std::vector<double> prior_shape(std::size_t n, double sample_time_s, double alpha) {
  std::vector<double> shape(n / 2 + 1, 1.0);
  const double step_Hz = 1.0 / (static_cast<double>(n) * sample_time_s);
  for (std::size_t k = 1; k < shape.size(); ++k) {
    shape[k] = std::pow(static_cast<double>(k) * step_Hz / kGainReferenceFrequency_Hz, alpha);
  }
  if (shape.size() > 1) shape[0] = kPowerAtZero * shape[1];
  return shape;
}

using Spectrum = std::vector<std::complex<double>>;

Spectrum transform(std::span<const double> series, RealFft& fft) {
  std::ranges::copy(series, fft.samples().begin());
  fft.forward();
  return {fft.spectrum().begin(), fft.spectrum().end()};
}

/// Turns the spectra of r into those of g, one frequency after the other.
void solve_frequencies(const GainModes& modes, std::span<const double> shape, std::array<Spectrum, kBands>& spectra) {
  for (std::size_t k = 0; k < shape.size(); ++k) {
    std::array<std::complex<double>, kBands> gain{};
    for (std::size_t mode = 0; mode < kBands; ++mode) {
      std::complex<double> amplitude = 0.0;
      for (std::size_t b = 0; b < kBands; ++b) amplitude += modes.to_gain[b][mode] * spectra[b][k];
      amplitude *= shape[k] / (1.0 + shape[k] * modes.information[mode]);
      for (std::size_t b = 0; b < kBands; ++b) gain[b] += modes.to_gain[b][mode] * amplitude;
    }
    for (std::size_t b = 0; b < kBands; ++b) spectra[b][k] = gain[b];
  }
}

std::size_t length_of(std::span<const TemplateSums> sub_bands) {
  for (const TemplateSums& sub_band : sub_bands) {
    if (!sub_band.empty()) return sub_band.sums[0].size();
  }
  return 0;
}

/// projected += (sum y - sky_part . [sum s y, sum s x y]) / v
void add_projection(const TemplateSums& constant, const TemplateSums& sky, const Vector2& sky_part,
                    double white_variance, std::vector<double>& projected) {
  for (std::size_t t = 0; t < projected.size(); ++t) {
    projected[t] +=
        (constant.sums[0][t] - sky_part[0] * sky.sums[1][t] - sky_part[1] * sky.sums[2][t]) / white_variance;
  }
}

std::optional<Vector2> solve_sky(const ChannelMoments& moments, const Vector2& right_hand_side) {
  if (moments.n < kMinMoments) return std::nullopt;
  return solve(Matrix2{{{moments.ss, moments.ssx}, {moments.ssx, moments.ssxx}}}, right_hand_side);
}

}  // namespace

std::optional<Vector2> sky_part_of_constant(const ChannelMoments& moments) {
  return solve_sky(moments, {moments.s, moments.sx});
}

GainEvidence project_out_free_sky(std::span<const TemplateSums> sub_bands, double white_variance) {
  GainEvidence evidence;
  const std::size_t n_freq_bin = sub_bands.size() / kBands;
  for (std::size_t b = 0; b < kBands; ++b) {
    evidence.projected[b].assign(length_of(sub_bands), 0.0);
    for (const TemplateSums& sub_band : sub_bands.subspan(b * n_freq_bin, n_freq_bin)) {
      if (sub_band.empty()) continue;
      const ChannelMoments& moments = sub_band.moments;
      const std::optional<Vector2> sky_part = sky_part_of_constant(moments);
      if (!sky_part) continue;
      const double sum_of_q = moments.n - (*sky_part)[0] * moments.s - (*sky_part)[1] * moments.sx;
      evidence.information[b][b] += sum_of_q / white_variance;
      add_projection(sub_band, sub_band, *sky_part, white_variance, evidence.projected[b]);
    }
  }
  return evidence;
}

GainEvidence project_out_common_sky(std::span<const TemplateSums> sub_bands, double white_variance) {
  GainEvidence evidence;
  const std::size_t n_freq_bin = sub_bands.size() / kBands;
  for (auto& projected : evidence.projected) projected.assign(length_of(sub_bands), 0.0);
  std::array<TemplateSums, kBands> bands;
  TemplateSums feed;
  for (std::size_t i = 0; i < sub_bands.size(); ++i) {
    if (sub_bands[i].empty()) continue;
    bands[i / n_freq_bin] += sub_bands[i];
    feed += sub_bands[i];
  }
  for (std::size_t b = 0; b < kBands; ++b) {
    if (bands[b].empty()) continue;
    const std::optional<Vector2> sky_part = solve_sky(feed.moments, {bands[b].moments.s, bands[b].moments.sx});
    if (!sky_part) continue;
    for (std::size_t other = 0; other < kBands; ++other) {
      const ChannelMoments& moments = bands[other].moments;
      const double looks_like_sky = (*sky_part)[0] * moments.s + (*sky_part)[1] * moments.sx;
      evidence.information[b][other] = ((b == other ? moments.n : 0.0) - looks_like_sky) / white_variance;
    }
    add_projection(bands[b], feed, *sky_part, white_variance, evidence.projected[b]);
  }
  return evidence;
}

std::array<std::vector<double>, kBands> estimate_gain(const GainEvidence& evidence, const GainPrior& prior,
                                                      double sample_time_s, RealFft& fft) {
  const std::vector<double> shape = prior_shape(fft.size(), sample_time_s, prior.alpha);
  std::array<Spectrum, kBands> spectra;
  for (std::size_t b = 0; b < kBands; ++b) spectra[b] = transform(evidence.projected[b], fft);
  solve_frequencies(gain_modes(evidence.information, prior), shape, spectra);
  std::array<std::vector<double>, kBands> gain;
  for (std::size_t b = 0; b < kBands; ++b) {
    std::ranges::copy(spectra[b], fft.spectrum().begin());
    fft.inverse();
    gain[b].assign(fft.samples().begin(), fft.samples().end());
  }
  return gain;
}

double total_information(const GainEvidence& evidence) {
  double total = 0.0;
  for (const auto& row : evidence.information) {
    for (const double element : row) total += element;
  }
  return total;
}

std::vector<double> unbiased_gain(const GainEvidence& evidence) {
  const double information = total_information(evidence);
  if (!(information > 0.0)) return {};
  std::vector<double> gain(evidence.projected[0].size(), 0.0);
  for (const auto& projected : evidence.projected) {
    for (std::size_t t = 0; t < gain.size(); ++t) gain[t] += projected[t];
  }
  for (double& value : gain) value /= information;
  return gain;
}

}  // namespace comap
