#pragma once
/// \file
/// method = "maximum_posterior" on the scans of one feed.

#include <array>
#include <optional>
#include <vector>

#include "math/fft.hpp"
#include "stages/gain_filter/gain_filter_worker.hpp"
#include "stages/gain_filter/gain_prior.hpp"
#include "stages/gain_filter/maximum_posterior.hpp"

namespace comap {

/// Sums of one sub-band in the scan in hand; t = s for sky = "free", s (nu / 30 GHz)^-2.4 for sky = "power_law".
struct SubBandSums {
  TemplateSums sky;            ///< of the channels in u, with t as s
  ChannelMoments gain;         ///< of the channels in q: without those that are unstable
  double s = 0.0;              ///< sum s over the channels in u
  double ss = 0.0;             ///< sum s^2
  std::vector<double> sum_sy;  ///< sum s y [sample]; empty where t = s: then it is sky.sums[1]

  const std::vector<double>& temperature_sum() const { return sum_sy.empty() ? sky.sums[1] : sum_sy; }
};

/// A channel of high system temperature, looked at again after the gain is known.
struct HighChannel {
  std::size_t band = 0;
  std::size_t sub_band = 0;
  std::size_t channel = 0;
  double s = 0.0;  ///< t
  double x = 0.0;
  double white_power = 0.0;
  std::vector<float> y;  ///< [sample]
  bool in_gain = true;
};

/// Collects, for each scan, r_b and u_h; the prior needs all scans, so the gain is taken out at the end of the feed.
///
/// Memory of a feed of n samples in n_scan scans of N samples, n_freq_bin = 2: 96 n bytes (r_b in double, the two
/// products in float), while a scan is in hand 384 N for its sums and 4 N for each high-Tsys channel.
class MaximumPosteriorWorker final : public GainFilterWorker {
 public:
  using GainFilterWorker::GainFilterWorker;

 protected:
  void begin_scan() override;
  void add_sub_band(const SubBandRows& rows) override;
  void finish_scan() override;
  void finish_feed() override;

 private:
  struct ScanRecord {
    int index = 0;
    std::int64_t start = 0;
    std::size_t n_samples = 0;
    GainEvidence evidence;
    std::vector<double> effective_tsys_K;  ///< k_h [sub-band]; NaN without data
  };

  bool has_power_law_sky() const { return config().sky == "power_law"; }
  /// Sums of the channels in q [sub-band], bridged over missing samples; empty where nothing is left.
  std::vector<TemplateSums> gain_sums() const;
  /// The gain's evidence with a free sky, unstable channels left out of it.
  GainEvidence look();
  /// Leaves unstable channels out of the gain; false when there are none.
  bool drop_unstable(const GainEvidence& evidence);
  void store_unfiltered(ScanRecord& record);
  void store_filtered(const ScanRecord& record, const GainPrior& prior);
  RealFft& fft_of_length(std::size_t n);

  std::vector<SubBandSums> sub_bands_;
  std::vector<HighChannel> high_;
  std::vector<ScanRecord> records_;
  GainPriorEstimate prior_estimate_;
  GainPriorEstimate estimate_of_others_;  ///< of scans that lack many samples; used when there are no others
  bool has_whole_scan_ = false;
  std::optional<RealFft> fft_;
};

/// Power of y - g - s (a + b x) at 0.05-1 Hz in units of its white power, with a, b from the sub-band given the gain
/// g [sample]. Nothing when the scan is too short to tell.
std::optional<double> residual_power_ratio(const HighChannel& high, const TemplateSums& sub_band,
                                           std::span<const double> gain, double sample_time_s, RealFft& fft);

}  // namespace comap
