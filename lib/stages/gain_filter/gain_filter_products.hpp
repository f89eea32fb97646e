#pragma once
/// \file
/// The rows that the gain filter writes for one feed.

#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "core/constants.hpp"
#include "stages/gain_filter/maximum_posterior.hpp"
#include "stages/gain_filter/sub_band_rows.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Products of one feed while they are made. "sub_band" counts band * n_freq_bin + sub-band of the band.
class GainFilterProducts {
 public:
  GainFilterProducts(const ObservationContext& observation, const GainFilterConfig& config);

  std::size_t n_sub_bands() const { return kBands * n_freq_bin_; }
  /// Samples [start, start + n) of a sub-band.
  std::span<float> unfiltered(std::size_t sub_band, Index start, Index n) {
    return unfiltered_.view().piece(start, n, band_of(sub_band), bin_of(sub_band));
  }
  std::span<float> filtered(std::size_t sub_band, Index start, Index n) {
    return filtered_.view().piece(start, n, band_of(sub_band), bin_of(sub_band));
  }

  void set_sub_band(std::size_t sub_band, std::size_t scan, double effective_tsys_K, double white_variance_K2);
  /// M of all bands and the prior of the gain in one scan.
  void set_gain(std::size_t scan, const BandMatrix& information, const GainPrior& prior);
  /// Weighted mean and standard deviation of the frequencies of the channels used in one scan [GHz].
  void add_frequencies(std::size_t sub_band, double mean_GHz, double deviation_GHz);
  /// The same from channels with the weights 1/m^2.
  void add_frequencies(const SubBandRows& rows);
  void add_mask(std::size_t band, std::span<const std::uint8_t> flags);
  void add_mask(std::size_t band, std::size_t channel, std::uint8_t flag) { mask_(band, channel) |= flag; }

  /// Samples of a band from `start` on that are lost by their `flags` [sample] become NaN; flagged kChannels are those
  /// that no sub-band has although they are not.
  void apply_flags(int band, Index start, std::span<std::uint8_t> flags);

  /// Moves everything to `products`.
  void store(ProductTable& products);

 private:
  std::size_t band_of(std::size_t sub_band) const { return sub_band / n_freq_bin_; }
  std::size_t bin_of(std::size_t sub_band) const { return sub_band % n_freq_bin_; }

  int n_freq_bin_;
  Array<float, 3> unfiltered_;           ///< [band][sub-band][sample], K
  Array<float, 3> filtered_;             ///< the same
  Array<double, 3> effective_tsys_;      ///< [band][sub-band][scan], K
  Array<double, 3> white_variance_;      ///< the same, K^2 per sample
  Array<double, 2> gain_information_;    ///< [band][scan]
  Array<double, 3> information_matrix_;  ///< [band][band][scan]; empty where M is diagonal
  Array<double, 2> sigma_common_;        ///< [band][scan]
  Array<double, 2> sigma_band_;
  Array<double, 2> alpha_;
  Array<std::uint8_t, 2> mask_;     ///< [band][channel]
  Array<double, 2> frequency_sum_;  ///< [band][sub-band] over scans, GHz
  Array<double, 2> deviation_sum_;
  Array<double, 2> n_frequency_scans_;
};

/// The datasets that hold them.
DatasetList gain_filter_datasets(const GainFilterConfig& config);

/// True when gains of different bands are not independent: maximum_posterior with sky = "power_law". Only then is there
/// level2/gain_filter/gain_information_matrix.
bool couples_bands(const GainFilterConfig& config);

}  // namespace comap
