#pragma once
/// \file
/// Stage noise_stats_level2.

#include <functional>
#include <memory>

#include "config/level2_config.hpp"
#include "math/noise_spectrum.hpp"
#include "stages/stage.hpp"

namespace comap {

class BrightSky;

/// White and 1/f noise of the binned data of every band, sub-band and scan.
///
/// Work on each scan: remove constant, slope in time and airmass by least squares (`detrend = false`: the median);
/// auto_rms; bridge NaN linearly; replace samples in bright sky (map >= `planck_bright_cut_K` at their position) by
/// linear interpolation plus white noise of auto_rms from a seeded generator; replace outliers, further than
/// `outlier_sigma` auto_rms from the moving median over `median_window`, by interpolation; power spectrum in `n_bins`
/// logarithmic bins; fit of  P(f) = sigma_white^2 + sigma_red^2 (f / reference_frequency_Hz)^alpha
/// (math/noise_spectrum.hpp) from (auto_rms, sqrt(P(reference)), -1.5). With `fit = "likelihood"` the spectrum is that
/// of cosine modes, sigma_white is made good for the white noise that goes with outliers, and filtered data, whose
/// spectrum is none of that form, have sigma_white from 4 Hz upwards, where level2/gain_filter knows what else there
/// is, and sigma_red and alpha from below 1 Hz.
///
/// In     level2/<dataset> of the feed, K
/// Out    level2_noise_stats/<dataset>/sigma_white, sigma_red, auto_rms [K], alpha: [feed][band][sub-band][scan].
///        NaN: everything for data without a finite pair; all but auto_rms with more than `max_outlier_fraction`
///        outliers or when the fit fails.
class NoiseStatsLevel2 final : public Stage {
 public:
  /// Reads the Planck map when there is one: throws IoError.
  explicit NoiseStatsLevel2(NoiseStatsLevel2Config config);

  std::string_view name() const override { return "noise_stats_level2"; }
  DatasetList reads() const override { return {&level2::kScanEdges, &level2::kBinnedFiltered}; }
  DatasetList writes() const override;
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;
  /// Says how many scans have a fit, when not all have; no values for the catalogue.
  nlohmann::json summary(const ObservationContext& observation, const std::vector<ProductTable>& feeds) const override;

 private:
  NoiseStatsLevel2Config config_;
  std::shared_ptr<const BrightSky> bright_sky_;  ///< empty without a map
};

/// Keys of [level2.noise_stats_level2].
void bind(Binder& binder, NoiseStatsLevel2Config& config);

/// One scan of one sub-band, and what the noise statistics need to know of it. All [sample].
struct NoiseSeries {
  std::span<const float> values_K;
  std::span<const double> elevation_deg;
  std::span<const std::uint8_t> bright;  ///< not 0 = in bright sky; may be empty
  double sample_time_s = 0.0;
  std::uint64_t seed = 0;  ///< of the noise in bright samples
  /// P(f) [K^2] of what the gain filter left of the gain, of filtered data for which it is known.
  std::function<double(double)> gain_power_K2 = {};
};

struct NoiseStatistics {
  double sigma_white_K;
  double sigma_red_K;
  double alpha;
  double auto_rms_K;
  std::vector<SpectrumBin> spectrum;  ///< what was fitted; empty when no fit was tried
};
NoiseStatistics noise_statistics(const NoiseSeries& series, const NoiseStatsLevel2Config& config);

}  // namespace comap
