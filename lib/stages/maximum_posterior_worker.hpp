#pragma once
/// \file
/// method = "maximum_posterior" on the scans of one feed.

#include <array>
#include <optional>
#include <vector>

#include "math/fft.hpp"
#include "stages/gain_filter_worker.hpp"
#include "stages/gain_prior.hpp"
#include "stages/maximum_posterior.hpp"

namespace comap {

/// Sums of one sub-band in the scan in hand.
struct SubBandSums {
  ChannelMoments sky;                       ///< of the channels in u
  ChannelMoments gain;                      ///< of the channels in q: without those that are unstable
  std::array<std::vector<double>, 3> sums;  ///< of y, s y, s x y over the channels in u [sample]; empty = no data
};

/// A channel of high system temperature, looked at again after the gain is known.
struct HighChannel {
  std::size_t band = 0;
  std::size_t sub_band = 0;
  std::size_t channel = 0;
  double s = 0.0;
  double x = 0.0;
  double white_power = 0.0;
  std::vector<float> y;  ///< [sample]
  bool in_gain = true;
};

/// Collects, for each scan, r_b and u_h; the prior needs all scans, so the gain is taken out at the end of the feed.
///
/// Memory of a feed of n samples in n_scan scans of N samples, n_freq_bin = 2: 96 n bytes (r_b in double, the two
/// products in float), while a scan is in hand 192 N for its sums and 4 N for each high-Tsys channel.
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
    std::size_t index = 0;
    std::int64_t start = 0;
    std::size_t n_samples = 0;
    std::array<BandGain, kBands> bands;
    std::vector<double> effective_tsys_K;  ///< k_h [sub-band]; NaN without data
  };

  std::array<BandGain, kBands> project() const;
  void add_projection(const SubBandSums& sub_band, BandGain& band) const;
  void take_out(const HighChannel& high, BandGain& band) const;
  /// Leaves unstable channels out of the gain; false when there are none.
  bool drop_unstable(const std::array<BandGain, kBands>& bands);
  void store_unfiltered(ScanRecord& record);
  void store_filtered(const ScanRecord& record, const GainPrior& prior);
  RealFft& fft_of_length(std::size_t n);

  std::vector<SubBandSums> sub_bands_;
  std::vector<HighChannel> high_;
  std::vector<ScanRecord> records_;
  GainPriorEstimate prior_estimate_;
  std::optional<RealFft> fft_;
};

/// Power of y - g - s (a + b x) at 0.05-1 Hz in units of its white power, with a, b from the sub-band given the gain
/// g [sample]. Nothing when the scan is too short to tell.
std::optional<double> residual_power_ratio(const HighChannel& high, const SubBandSums& sub_band,
                                           std::span<const double> gain, double sample_time_s, RealFft& fft);

}  // namespace comap
