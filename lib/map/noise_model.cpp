#include "map/noise_model.hpp"

#include <cmath>

namespace comap {
namespace {

constexpr double kReferenceFrequency_Hz = 0.1;  ///< of every sigma that Level-2 stores

/// sigma^2 (f / 0.1 Hz)^alpha
double power_law(double sigma, double alpha, double frequency_Hz) {
  return sigma * sigma * std::pow(frequency_Hz / kReferenceFrequency_Hz, alpha);
}

/// D_b(f): variance of g_b after the filter.
double remaining_gain_power(const GainNoise& noise, double frequency_Hz) {
  const double common = power_law(noise.sigma_common, noise.alpha, frequency_Hz);
  const double own = power_law(noise.sigma_band, noise.alpha, frequency_Hz);
  double information = 0.0;
  for (const double of_band : noise.information) information += of_band / (1.0 + of_band * own);
  const double e = 1.0 / (1.0 + noise.information[noise.band] * own);
  return own * e + e * e * common / (1.0 + common * information);
}

}  // namespace

std::optional<std::function<double(double)>> correlated_noise_K2(const Level2Reader& file, int feed, int frequency_band,
                                                                 std::size_t scan) {
  if (const auto noise = file.gain_noise(feed, frequency_band, scan)) {
    const bool filtered = file.is_filtered();
    return [noise = *noise, filtered](double frequency_Hz) {
      const double gain = filtered ? remaining_gain_power(noise, frequency_Hz)
                                   : power_law(noise.sigma_common, noise.alpha, frequency_Hz) +
                                         power_law(noise.sigma_band, noise.alpha, frequency_Hz);
      return noise.effective_tsys_K * noise.effective_tsys_K * gain;
    };
  }
  const auto red_K = file.sigma_red_K(feed, frequency_band, scan);
  const auto alpha = file.alpha(feed, frequency_band, scan);
  if (!red_K || !alpha || !std::isfinite(*red_K) || !std::isfinite(*alpha)) return std::nullopt;
  return [red = *red_K, slope = *alpha](double frequency_Hz) { return power_law(red, slope, frequency_Hz); };
}

}  // namespace comap
