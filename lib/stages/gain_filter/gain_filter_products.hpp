#pragma once
/// \file
/// The rows that the gain filter writes for one feed.

#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/gain_filter/maximum_posterior.hpp"
#include "stages/gain_filter/sub_band_rows.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Products of one feed while they are made. "sub_band" counts band * n_freq_bin + sub-band of the band.
class GainFilterProducts {
 public:
  GainFilterProducts(const ObservationContext& observation, const GainFilterConfig& config);

  std::size_t n_sub_bands() const { return n_sub_bands_; }
  /// Samples [start, start + n) of a sub-band.
  std::span<float> unfiltered(std::size_t sub_band, std::int64_t start, std::int64_t n);
  std::span<float> filtered(std::size_t sub_band, std::int64_t start, std::int64_t n);

  void set_sub_band(std::size_t sub_band, std::size_t scan, double effective_tsys_K, double white_variance_K2);
  /// M of all bands and the prior of the gain in one scan.
  void set_gain(std::size_t scan, const BandMatrix& information, const GainPrior& prior);
  /// Weighted mean and standard deviation of the frequencies of the channels used in one scan [GHz].
  void add_frequencies(std::size_t sub_band, double mean_GHz, double deviation_GHz);
  /// The same from channels with the weights 1/m^2.
  void add_frequencies(const SubBandRows& rows);
  void add_mask(std::size_t band, std::span<const std::uint8_t> flags);
  void add_mask(std::size_t band, std::size_t channel, std::uint8_t flag) {
    mask_[band * n_channels_ + channel] |= flag;
  }

  /// Samples of a band from `start` on that are lost by their `flags` [sample] become NaN; flagged kChannels are those
  /// that no sub-band has although they are not.
  void apply_flags(std::size_t band, std::int64_t start, std::span<std::uint8_t> flags);

  /// Moves everything to `products`.
  void store(ProductTable& products);

 private:
  std::size_t n_samples_;
  std::size_t n_channels_;
  std::size_t n_scans_;
  std::size_t n_sub_bands_;
  std::vector<float> unfiltered_;           ///< [band][sub-band][sample], K
  std::vector<float> filtered_;             ///< the same
  std::vector<double> effective_tsys_;      ///< [band][sub-band][scan], K
  std::vector<double> white_variance_;      ///< the same, K^2 per sample
  std::vector<double> gain_information_;    ///< [band][scan]
  std::vector<double> information_matrix_;  ///< [band][band][scan]; empty where M is diagonal
  std::vector<double> sigma_common_;
  std::vector<double> sigma_band_;
  std::vector<double> alpha_;
  std::vector<std::uint8_t> mask_;     ///< [band][channel]
  std::vector<double> frequency_sum_;  ///< [band][sub-band] over scans, GHz
  std::vector<double> deviation_sum_;
  std::vector<double> n_frequency_scans_;
};

/// Declarations of the same datasets for the whole file.
std::vector<OutputSpec> gain_filter_outputs(const ObservationContext& observation, const GainFilterConfig& config);

/// True when gains of different bands are not independent: maximum_posterior with sky = "power_law". Only then is there
/// level2/gain_filter/gain_information_matrix.
bool couples_bands(const GainFilterConfig& config);

}  // namespace comap
