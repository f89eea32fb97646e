#pragma once
/// \file
/// method = "least_squares" and "common_mode": the Python pipeline's filters, kept for comparison with its results.

#include <array>
#include <vector>

#include "math/least_squares.hpp"
#include "stages/gain_filter/gain_filter_worker.hpp"

namespace comap {

/// One gain g(t) for all bands of the feed, without prior: the mean of y over all good channels (common_mode), or g of
/// y = g + w (a + b v) with unit weights (least_squares), v from -1 to 1 over the channels of the four bands in order
/// of frequency, w = 1/m or, with template = "tsys", 1 / Tsys of the vane. The mean of g over the scan is subtracted.
/// Sub-bands are averages of m y and m (y - g) with weights 1/m^2 or, channel_weights = "measured", (gain /
/// auto_rms)^2.
///
/// Both lose sky: use them to compare, not to make maps. auto_rms is known only when the whole feed has been seen: with
/// "measured" weights y of every good channel is kept until then, 4 bytes for each sample in a scan and channel (an
/// estimate from one scan would change the averages by 2-3 % of their rms).
class CommonGainWorker final : public GainFilterWorker {
 public:
  using GainFilterWorker::GainFilterWorker;

 protected:
  void begin_scan() override;
  void add_sub_band(const SubBandRows& rows) override;
  void finish_scan() override;
  void finish_feed() override;

 private:
  /// Average of a sub-band in one scan; W = channel weight.
  struct Average {
    std::vector<double> sum;           ///< of W m y [sample], K; empty = no data
    double weights = 0.0;              ///< sum W
    double temperature = 0.0;          ///< sum W m
    double temperature_squared = 0.0;  ///< sum (W m)^2
    double frequency = 0.0;            ///< sum W nu
    double frequency_squared = 0.0;    ///< sum W (nu - 30 GHz)^2

    void add_channel(double weight, double system_temperature_K, double frequency_GHz);
  };
  /// A sub-band kept until its weights are known.
  struct KeptSubBand {
    SubBandRows rows;
    std::vector<double> gain_counts_per_K;  ///< of each channel
    std::vector<float> y;                   ///< [channel][sample]
  };
  struct KeptScan {
    ScanInHand scan;
    std::vector<double> gain;  ///< g [sample]
    std::vector<KeptSubBand> sub_bands;
  };

  bool weights_come_later() const { return config().channel_weights == ChannelWeights::measured; }
  void keep(const SubBandRows& rows);
  std::vector<double> solve_gain() const;
  Average average_kept(const KeptSubBand& kept) const;
  void store(const ScanInHand& of_scan, std::size_t sub_band, const Average& average, std::span<const double> gain);

  std::array<std::vector<double>, 3> sums_;  ///< of y, w y, w v y over the feed [sample]
  Matrix3 normal_{};                         ///< of g, a, b
  std::vector<Average> averages_;            ///< [sub-band] of the scan in hand
  std::vector<KeptSubBand> in_hand_;
  std::vector<KeptScan> kept_;
};

/// v of a channel: -1 .. 1 over the n channels of each of the four bands, the first and third band reversed in place.
double frequency_rank(std::size_t band, std::size_t channel, std::size_t n_channels);

}  // namespace comap
