#pragma once
/// \file
/// The prior of the gain filter, from the data themselves.

#include "config/level2_config.hpp"
#include "math/power_spectrum.hpp"
#include "stages/gain_filter/maximum_posterior.hpp"

namespace comap {

/// Collects the spectra of gLS, which contains no sky, over the scans of a feed and fits
/// 1 / sum M + sigma_c^2 (f / 0.1 Hz)^alpha on 0.02-5 Hz.
class GainPriorEstimate {
 public:
  GainPriorEstimate();
  /// Adds one scan, its evidence with sky = "free"; nothing happens when its bands say nothing or when it is too short
  /// to have a mode in 0.02-5 Hz.
  void add(const GainEvidence& evidence, double sample_time_s, RealFft& fft);
  /// The fit, or what `config` fixes of it. sigma_band = prior_band_ratio sigma_common. When no scan of the feed could
  /// be used, sigma is 0: no gain is estimated, and filtered data are the unfiltered ones.
  GainPrior prior(const GainFilterConfig& config) const;

 private:
  BinnedSpectrum spectrum_;
};

/// True when `config` says everything and no data are needed.
bool is_prior_fixed(const GainFilterConfig& config);

}  // namespace comap
