#include "stages/gain_filter/gain_filter_products.hpp"

#include <cmath>

#include "core/constants.hpp"
#include "data/sample_flag.hpp"

namespace comap {
GainFilterProducts::GainFilterProducts(const ObservationContext& observation, const GainFilterConfig& config)
    : n_freq_bin_(config.n_freq_bin) {
  const auto n_scans = std::ssize(observation.scans);
  const auto streams = shape_of(kBands, n_freq_bin_, observation.level1.n_samples);
  const auto sub_band_scans = shape_of(kBands, n_freq_bin_, n_scans);
  const auto band_scans = shape_of(kBands, n_scans);
  const auto sub_bands = shape_of(kBands, n_freq_bin_);
  for (auto* values : {&unfiltered_, &filtered_}) *values = Array(streams, 0.0F);
  for (auto* values : {&effective_tsys_, &white_variance_}) *values = Array(sub_band_scans, kNan);
  for (auto* values : {&gain_information_, &sigma_common_, &sigma_band_, &alpha_}) *values = Array(band_scans, kNan);
  if (couples_bands(config)) information_matrix_ = Array(shape_of(kBands, kBands, n_scans), kNan);
  mask_ = Array(shape_of(kBands, observation.level1.n_channels), std::uint8_t{0});
  for (auto* values : {&frequency_sum_, &deviation_sum_, &n_frequency_scans_}) *values = Array(sub_bands, 0.0);
}

void GainFilterProducts::set_sub_band(std::size_t sub_band, std::size_t scan, double effective_tsys_K,
                                      double white_variance_K2) {
  effective_tsys_(band_of(sub_band), bin_of(sub_band), scan) = effective_tsys_K;
  white_variance_(band_of(sub_band), bin_of(sub_band), scan) = white_variance_K2;
}

void GainFilterProducts::set_gain(std::size_t scan, const BandMatrix& information, const GainPrior& prior) {
  for (std::size_t band = 0; band < kBands; ++band) {
    gain_information_(band, scan) = information[band][band];
    sigma_common_(band, scan) = prior.sigma_common;
    sigma_band_(band, scan) = prior.sigma_band;
    alpha_(band, scan) = prior.alpha;
    if (information_matrix_.empty()) continue;
    for (std::size_t other = 0; other < kBands; ++other)
      information_matrix_(band, other, scan) = information[band][other];
  }
}

void GainFilterProducts::add_frequencies(std::size_t sub_band, double mean_GHz, double deviation_GHz) {
  frequency_sum_(band_of(sub_band), bin_of(sub_band)) += mean_GHz;
  deviation_sum_(band_of(sub_band), bin_of(sub_band)) += deviation_GHz;
  n_frequency_scans_(band_of(sub_band), bin_of(sub_band)) += 1.0;
}

void GainFilterProducts::add_frequencies(const SubBandRows& rows) {
  double weights = 0.0, sum = 0.0, square_sum = 0.0;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double weight = 1.0 / (rows.system_temperature_K[i] * rows.system_temperature_K[i]);
    weights += weight;
    sum += weight * rows.frequency_GHz[i];
  }
  const double mean_GHz = sum / weights;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double deviation = (rows.frequency_GHz[i] - mean_GHz) / rows.system_temperature_K[i];
    square_sum += deviation * deviation;
  }
  add_frequencies(rows.sub_band, mean_GHz, std::sqrt(square_sum / weights));
}

void GainFilterProducts::add_mask(std::size_t band, std::span<const std::uint8_t> flags) {
  for (std::size_t channel = 0; channel < flags.size(); ++channel) add_mask(band, channel, flags[channel]);
}

void GainFilterProducts::apply_flags(int band, Index start, std::span<std::uint8_t> flags) {
  std::vector<std::uint8_t> has_data(flags.size(), 0);
  for (int bin = 0; bin < n_freq_bin_; ++bin) {
    const std::span<float> without = unfiltered_.view().piece(start, std::ssize(flags), band, bin);
    const std::span<float> with = filtered_.view().piece(start, std::ssize(flags), band, bin);
    for (std::size_t t = 0; t < flags.size(); ++t) {
      if ((flags[t] & sample_flag::kLost) != 0) without[t] = with[t] = kFloatNan;
      has_data[t] |= !std::isnan(with[t]);
    }
  }
  for (std::size_t t = 0; t < flags.size(); ++t) {
    const bool has_reason = (flags[t] & sample_flag::kLost) != 0 || has_data[t] != 0;
    flags[t] = static_cast<std::uint8_t>(flags[t] & ~sample_flag::kChannels);
    if (!has_reason) flags[t] |= sample_flag::kChannels;
  }
}

void GainFilterProducts::store(ProductTable& products) {
  for (int band = 0; band < kBands; ++band) {
    for (int bin = 0; bin < n_freq_bin_; ++bin) {
      // No scan: 0 / 0 = NaN, missing.
      frequency_sum_(band, bin) /= n_frequency_scans_(band, bin);
      deviation_sum_(band, bin) /= n_frequency_scans_(band, bin);
    }
  }
  products.set(level2::kBinned, std::move(unfiltered_));
  products.set(level2::kBinnedFiltered, std::move(filtered_));
  products.set(level2::kEffectiveTsys, std::move(effective_tsys_));
  products.set(level2::kWhiteVariance, std::move(white_variance_));
  products.set(level2::kGainInformation, std::move(gain_information_));
  if (!information_matrix_.empty()) products.set(level2::kGainInformationMatrix, std::move(information_matrix_));
  products.set(level2::kSigmaCommon, std::move(sigma_common_));
  products.set(level2::kSigmaBand, std::move(sigma_band_));
  products.set(level2::kGainAlpha, std::move(alpha_));
  products.set(level2::kChannelMask, std::move(mask_));
  products.set(level2::kCentralFrequencies, std::move(frequency_sum_));
  products.set(level2::kBandwidths, std::move(deviation_sum_));
}

bool couples_bands(const GainFilterConfig& config) {
  return config.method == GainFilterMethod::maximum_posterior && config.sky == "power_law";
}

DatasetList gain_filter_datasets(const GainFilterConfig& config) {
  using namespace level2;
  DatasetList datasets = {&kSampleFlags,   &kBinned,          &kBinnedFiltered,     &kEffectiveTsys,
                          &kWhiteVariance, &kGainInformation, &kSigmaCommon,        &kSigmaBand,
                          &kGainAlpha,     &kChannelMask,     &kCentralFrequencies, &kBandwidths};
  if (couples_bands(config)) datasets.push_back(&kGainInformationMatrix);
  return datasets;
}

}  // namespace comap
