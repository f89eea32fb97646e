#include "map/prepare/noise_model.hpp"

#include <cmath>

#include "math/gain_modes.hpp"

namespace comap {
namespace {

/// sigma^2 (f / 0.1 Hz)^alpha
double power_law(double sigma, double alpha, double frequency_Hz) {
  return sigma * sigma * std::pow(frequency_Hz / kGainReferenceFrequency_Hz, alpha);
}

}  // namespace

std::optional<std::function<double(double)>> correlated_noise_K2(const Level2Reader& file, int feed, int frequency_band,
                                                                 std::size_t scan) {
  if (const auto noise = file.gain_noise(feed, frequency_band, scan)) {
    const double k2 = noise->effective_tsys_K * noise->effective_tsys_K;
    if (!file.is_filtered()) {
      return [noise = *noise, k2](double frequency_Hz) {
        return k2 * (power_law(noise.sigma_common, noise.alpha, frequency_Hz) +
                     power_law(noise.sigma_band, noise.alpha, frequency_Hz));
      };
    }
    return filtered_gain_power_K2(*noise);
  }
  const auto red_K = file.sigma_red_K(feed, frequency_band, scan);
  const auto alpha = file.alpha(feed, frequency_band, scan);
  if (!red_K || !alpha || !std::isfinite(*red_K) || !std::isfinite(*alpha)) return std::nullopt;
  return [red = *red_K, slope = *alpha](double frequency_Hz) { return power_law(red, slope, frequency_Hz); };
}

}  // namespace comap
