#include "stages/gain_filter/gain_prior.hpp"

#include <vector>

namespace comap {
namespace {

constexpr double kLowestFrequency_Hz = 0.02;
constexpr double kHighestFrequency_Hz = 5.0;
constexpr std::size_t kSpectrumBins = 80;  ///< 7 % wide: a power law is straight inside a bin
constexpr std::size_t kMinSamples = 2;     ///< of a spectrum
constexpr double kTypicalAlpha = -1.3;
constexpr double kTypicalAlphaError = 0.3;

}  // namespace

GainPriorEstimate::GainPriorEstimate() : spectrum_(kLowestFrequency_Hz, kHighestFrequency_Hz, kSpectrumBins) {}

void GainPriorEstimate::add(const GainEvidence& evidence, double sample_time_s, RealFft& fft) {
  const std::vector<double> gain = unbiased_gain(evidence);
  if (gain.size() < kMinSamples) return;
  const double step_Hz = 1.0 / (static_cast<double>(gain.size()) * sample_time_s);
  spectrum_.add(windowed_power(gain, fft), step_Hz, 1.0 / total_information(evidence));
}

GainPrior GainPriorEstimate::prior(const GainFilterConfig& config) const {
  PowerLawPrior known;
  known.alpha_mean = kTypicalAlpha;
  known.alpha_error = kTypicalAlphaError;
  if (config.prior_sigma > 0.0) known.fixed_sigma = config.prior_sigma;
  if (config.prior_alpha != 0.0) known.fixed_alpha = config.prior_alpha;
  const PowerLaw fit = fit_power_law(spectrum_.bins(), kGainReferenceFrequency_Hz, known);
  return {fit.sigma, config.prior_band_ratio * fit.sigma, fit.alpha};
}

bool is_prior_fixed(const GainFilterConfig& config) { return config.prior_sigma > 0.0 && config.prior_alpha != 0.0; }

}  // namespace comap
