#pragma once
/// \file
/// The common part of the methods of the gain filter: channels chosen, rows of y prepared, products kept.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/atmosphere/atmosphere_fit.hpp"
#include "stages/gain_filter/channel_selection.hpp"
#include "stages/gain_filter/gain_filter_products.hpp"
#include "stages/gain_filter/sub_band_rows.hpp"
#include "stages/stage.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {

/// v: variance of P / median P - 1 of any channel by the radiometer equation, 1 / (channel width x sample time).
/// Throws ObservationError for bands of one channel.
double radiometer_variance(const Level1Metadata& level1);

/// One scan in hand.
struct ScanInHand {
  std::size_t index = 0;
  std::int64_t start = 0;
  std::size_t n_samples = 0;
  VaneCalibration calibration;
  std::int64_t n_lost = 0;  ///< samples that a band lacks, of the band so far that lacks most
};

/// Worker of one feed; a method adds what it does with the sub-bands of a scan and with the scans of the feed.
class GainFilterWorker : public FeedWorker {
 public:
  /// All arguments outlive the worker.
  GainFilterWorker(const ObservationContext& observation, int feed, const GainFilterConfig& config,
                   const SystemTemperatureConfig& calibration, ProductTable& products);
  void consume(const FeedBlock& block) final;
  void finish() final;

 protected:
  virtual void begin_scan() = 0;
  /// Only sub-bands with at least 3 good channels; the others have been set to NaN.
  virtual void add_sub_band(const SubBandRows& rows) = 0;
  virtual void finish_scan() = 0;
  virtual void finish_feed() = 0;

  const GainFilterConfig& config() const { return config_; }
  const ObservationContext& observation() const { return observation_; }
  const ProductTable& table() const { return table_; }
  const ScanInHand& scan() const { return scan_; }
  GainFilterProducts& products() { return products_; }
  double sample_time_s() const { return observation_.level1.sample_time_s; }
  /// v: variance of y of any channel by the radiometer equation.
  double white_variance() const { return white_variance_; }

 private:
  void start_scan(const FeedBlock& block);
  /// Flags of the feed and its binned data say the same of every sample.
  void apply_flags();
  SubBandRows collect(const FeedBlock& block, const BandChannels& channels, std::size_t sub_band_of_band) const;
  void subtract_atmosphere(const FeedBlock& block, const BandChannels& channels, SubBandRows& rows) const;

  const ObservationContext& observation_;
  const GainFilterConfig& config_;
  const SystemTemperatureConfig& calibration_;
  ProductTable& table_;
  int feed_;
  double white_variance_;
  GainFilterProducts products_;
  ScanInHand scan_;
  std::optional<ScanAirmass> airmass_;  ///< of the scan, where the atmosphere is subtracted
};

}  // namespace comap
