#include "stages/maximum_posterior.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>

namespace comap {
namespace {

constexpr double kMinChannels = 3.0;
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

/// Turns the spectra R_b into those of g_b, one frequency after the other.
void solve_frequencies(const std::array<BandGain, kBands>& bands, const GainPrior& prior, std::span<const double> shape,
                       std::array<Spectrum, kBands>& spectra) {
  const double variance_common = prior.sigma_common * prior.sigma_common;
  const double variance_band = prior.sigma_band * prior.sigma_band;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const double power_common = variance_common * shape[k];
    const double power_band = variance_band * shape[k];
    std::array<double, kBands> e{};
    std::complex<double> sum_R = 0.0;
    double sum_M = 0.0;
    for (std::size_t b = 0; b < kBands; ++b) {
      e[b] = 1.0 / (1.0 + bands[b].information * power_band);
      sum_R += e[b] * spectra[b][k];
      sum_M += e[b] * bands[b].information;
    }
    // Multiplied by P_c, so that a prior of no gain noise gives no gain instead of 0/0.
    const std::complex<double> common = power_common * sum_R / (1.0 + power_common * sum_M);
    for (std::size_t b = 0; b < kBands; ++b) {
      spectra[b][k] = common + power_band * e[b] * (spectra[b][k] - bands[b].information * common);
    }
  }
}

}  // namespace

void ChannelMoments::add(double channel_s, double channel_x, double sign) {
  n += sign;
  s += sign * channel_s;
  sx += sign * channel_s * channel_x;
  ss += sign * channel_s * channel_s;
  ssx += sign * channel_s * channel_s * channel_x;
  ssxx += sign * channel_s * channel_s * channel_x * channel_x;
}

std::optional<Vector2> sky_part_of_constant(const ChannelMoments& moments) {
  if (moments.n < kMinChannels) return std::nullopt;
  return solve(Matrix2{{{moments.ss, moments.ssx}, {moments.ssx, moments.ssxx}}}, Vector2{moments.s, moments.sx});
}

double sum_of_q(const ChannelMoments& moments, const Vector2& sky_part) {
  return moments.n - sky_part[0] * moments.s - sky_part[1] * moments.sx;
}

std::array<std::vector<double>, kBands> estimate_gain(const std::array<BandGain, kBands>& bands, const GainPrior& prior,
                                                      double sample_time_s, RealFft& fft) {
  const std::vector<double> shape = prior_shape(fft.size(), sample_time_s, prior.alpha);
  std::array<Spectrum, kBands> spectra;
  for (std::size_t b = 0; b < kBands; ++b) spectra[b] = transform(bands[b].projected, fft);
  solve_frequencies(bands, prior, shape, spectra);
  std::array<std::vector<double>, kBands> gain;
  for (std::size_t b = 0; b < kBands; ++b) {
    std::ranges::copy(spectra[b], fft.spectrum().begin());
    fft.inverse();
    gain[b].assign(fft.samples().begin(), fft.samples().end());
  }
  return gain;
}

double total_information(const std::array<BandGain, kBands>& bands) {
  double total = 0.0;
  for (const BandGain& band : bands) total += band.information;
  return total;
}

std::vector<double> unbiased_gain(const std::array<BandGain, kBands>& bands) {
  const double information = total_information(bands);
  if (!(information > 0.0)) return {};
  std::vector<double> gain(bands[0].projected.size(), 0.0);
  for (const BandGain& band : bands) {
    for (std::size_t t = 0; t < gain.size(); ++t) gain[t] += band.projected[t];
  }
  for (double& value : gain) value /= information;
  return gain;
}

}  // namespace comap
