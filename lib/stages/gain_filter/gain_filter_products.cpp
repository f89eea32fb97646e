#include "stages/gain_filter/gain_filter_products.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "core/constants.hpp"
#include "data/sample_flag.hpp"
#include "io/level2/level2_schema.hpp"

namespace comap {
namespace {}  // namespace

GainFilterProducts::GainFilterProducts(const ObservationContext& observation, const GainFilterConfig& config)
    : n_samples_(static_cast<std::size_t>(observation.level1.n_samples)),
      n_channels_(static_cast<std::size_t>(observation.level1.n_channels)),
      n_scans_(observation.scans.size()),
      n_sub_bands_(static_cast<std::size_t>(kBands * config.n_freq_bin)) {
  unfiltered_.assign(n_sub_bands_ * n_samples_, 0.0F);
  filtered_.assign(n_sub_bands_ * n_samples_, 0.0F);
  for (auto* values : {&effective_tsys_, &white_variance_}) values->assign(n_sub_bands_ * n_scans_, kNan);
  for (auto* values : {&gain_information_, &sigma_common_, &sigma_band_, &alpha_}) {
    values->assign(kBands * n_scans_, kNan);
  }
  if (couples_bands(config)) information_matrix_.assign(kBands * (kBands * n_scans_), kNan);
  mask_.assign(kBands * n_channels_, 0);
  for (auto* values : {&frequency_sum_, &deviation_sum_, &n_frequency_scans_}) values->assign(n_sub_bands_, 0.0);
}

std::span<float> GainFilterProducts::unfiltered(std::size_t sub_band, std::int64_t start, std::int64_t n) {
  return {unfiltered_.data() + sub_band * n_samples_ + static_cast<std::size_t>(start), static_cast<std::size_t>(n)};
}

std::span<float> GainFilterProducts::filtered(std::size_t sub_band, std::int64_t start, std::int64_t n) {
  return {filtered_.data() + sub_band * n_samples_ + static_cast<std::size_t>(start), static_cast<std::size_t>(n)};
}

void GainFilterProducts::set_sub_band(std::size_t sub_band, std::size_t scan, double effective_tsys_K,
                                      double white_variance_K2) {
  effective_tsys_[sub_band * n_scans_ + scan] = effective_tsys_K;
  white_variance_[sub_band * n_scans_ + scan] = white_variance_K2;
}

void GainFilterProducts::set_gain(std::size_t scan, const BandMatrix& information, const GainPrior& prior) {
  for (std::size_t band = 0; band < kBands; ++band) {
    const std::size_t element = band * n_scans_ + scan;
    gain_information_[element] = information[band][band];
    sigma_common_[element] = prior.sigma_common;
    sigma_band_[element] = prior.sigma_band;
    alpha_[element] = prior.alpha;
    if (information_matrix_.empty()) continue;
    for (std::size_t other = 0; other < kBands; ++other) {
      information_matrix_[(band * kBands + other) * n_scans_ + scan] = information[band][other];
    }
  }
}

void GainFilterProducts::add_frequencies(std::size_t sub_band, double mean_GHz, double deviation_GHz) {
  frequency_sum_[sub_band] += mean_GHz;
  deviation_sum_[sub_band] += deviation_GHz;
  n_frequency_scans_[sub_band] += 1.0;
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

void GainFilterProducts::apply_flags(std::size_t band, std::int64_t start, std::span<std::uint8_t> flags) {
  const std::size_t n_freq_bin = n_sub_bands_ / kBands;
  const auto n = static_cast<std::int64_t>(flags.size());
  std::vector<std::uint8_t> has_data(flags.size(), 0);
  for (std::size_t sub_band = band * n_freq_bin; sub_band < (band + 1) * n_freq_bin; ++sub_band) {
    const std::span<float> without = unfiltered(sub_band, start, n), with = filtered(sub_band, start, n);
    for (std::size_t t = 0; t < flags.size(); ++t) {
      if ((flags[t] & sample_flag::kLost) != 0) without[t] = with[t] = kNanF;
      has_data[t] |= static_cast<std::uint8_t>(!std::isnan(with[t]));
    }
  }
  for (std::size_t t = 0; t < flags.size(); ++t) {
    const bool has_reason = (flags[t] & sample_flag::kLost) != 0 || has_data[t] != 0;
    flags[t] = static_cast<std::uint8_t>(flags[t] & ~sample_flag::kChannels);
    if (!has_reason) flags[t] |= sample_flag::kChannels;
  }
}

void GainFilterProducts::store(ProductTable& products) {
  for (std::size_t sub_band = 0; sub_band < n_sub_bands_; ++sub_band) {
    // No scan: 0 / 0 = NaN, missing.
    frequency_sum_[sub_band] /= n_frequency_scans_[sub_band];
    deviation_sum_[sub_band] /= n_frequency_scans_[sub_band];
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

std::vector<OutputSpec> gain_filter_outputs(const ObservationContext& observation, const GainFilterConfig& config) {
  const auto n_samples = static_cast<std::uint64_t>(observation.level1.n_samples);
  const auto n_channels = static_cast<std::uint64_t>(observation.level1.n_channels);
  const std::uint64_t n_scans = observation.scans.size();
  const auto n_bins = static_cast<std::uint64_t>(config.n_freq_bin);
  std::vector<OutputSpec> outputs;
  const auto declare = [&](std::string_view path, h5::StoredType type, h5::Extent shape, std::string_view unit) {
    OutputSpec output{std::string(path), FeedAxis::feed_number, {}};
    output.dataset.type = type;
    output.dataset.extent = {kScienceFeeds, kBands};
    output.dataset.extent.insert(output.dataset.extent.end(), shape.begin(), shape.end());
    output.dataset.unit = unit;
    outputs.push_back(std::move(output));
  };
  using enum h5::StoredType;
  declare(level2::kSampleFlags, uint8, {n_samples}, "");
  declare(level2::kBinned, float32, {n_bins, n_samples}, "K");
  declare(level2::kBinnedFiltered, float32, {n_bins, n_samples}, "K");
  declare(level2::kEffectiveTsys, float64, {n_bins, n_scans}, "K");
  declare(level2::kWhiteVariance, float64, {n_bins, n_scans}, "K^2");
  declare(level2::kGainInformation, float64, {n_scans}, "");
  if (couples_bands(config)) declare(level2::kGainInformationMatrix, float64, {kBands, n_scans}, "");
  declare(level2::kSigmaCommon, float64, {n_scans}, "");
  declare(level2::kSigmaBand, float64, {n_scans}, "");
  declare(level2::kGainAlpha, float64, {n_scans}, "");
  declare(level2::kChannelMask, uint8, {n_channels}, "");
  declare(level2::kCentralFrequencies, float64, {n_bins}, "GHz");
  declare(level2::kBandwidths, float64, {n_bins}, "GHz");
  return outputs;
}

}  // namespace comap
