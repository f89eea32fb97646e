#pragma once
/// \file
/// Noise with a power-law spectrum: gains and atmosphere.

#include <cstdint>
#include <vector>

namespace comap::simulate {

/// P(f) = sigma^2 (f / 0.1 Hz)^alpha in the convention |FFT(x)|^2 / N, which is what the gain filter and the noise
/// statistics use: sigma is the square root of the power per sample at 0.1 Hz.
struct PowerLaw {
  double sigma = 0.0;
  double alpha = 0.0;
};

/// A series of `n_samples` with that spectrum and without power at f = 0: a stretch of a periodic series of at least
/// twice the length, so that its ends do not meet.
std::vector<double> red_noise(std::int64_t n_samples, double sample_rate_Hz, PowerLaw law, std::uint64_t key);

}  // namespace comap::simulate
