#include "stages/gain_filter/common_gain_worker.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/constants.hpp"
#include "math/gaps.hpp"

namespace comap {
double frequency_rank(std::size_t band, std::size_t channel, std::size_t n_channels) {
  const bool reversed = band % 2 == 0;
  const std::size_t place = band * n_channels + (reversed ? n_channels - 1 - channel : channel);
  return -1.0 + 2.0 * static_cast<double>(place) / static_cast<double>(kBands * n_channels - 1);
}

void CommonGainWorker::Average::add_channel(double weight, double system_temperature_K, double frequency_GHz) {
  const double from_pivot = frequency_GHz - kPivotFrequency_GHz;
  weights += weight;
  temperature += weight * system_temperature_K;
  temperature_squared += weight * system_temperature_K * weight * system_temperature_K;
  frequency += weight * from_pivot;
  frequency_squared += weight * from_pivot * from_pivot;
}

void CommonGainWorker::begin_scan() {
  for (auto& sum : sums_) sum.assign(scan().n_samples, 0.0);
  normal_ = {};
  averages_.assign(products().n_sub_bands(), {});
  in_hand_.clear();
}

void CommonGainWorker::add_sub_band(const SubBandRows& rows) {
  const std::size_t n_channels = observation().level1.n_channels;
  Average& average = averages_[rows.sub_band];
  average.sum.assign(scan().n_samples, 0.0);
  std::vector<std::array<float, 4>> weights;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double m = rows.system_temperature_K[i];
    const std::size_t channel = rows.channels[i];
    const double vane_tsys = scan().calibration.system_temperature_K(rows.band, channel);
    const double w = 1.0 / (config().gain_template == GainTemplate::tsys ? vane_tsys : m);
    const Vector3 model = {1.0, w, w * frequency_rank(rows.band, channel, n_channels)};
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) normal_[j][k] += model[j] * model[k];
    }
    average.add_channel(1.0 / (m * m), m, rows.frequency_GHz[i]);
    weights.push_back({1.0F, static_cast<float>(model[1]), static_cast<float>(model[2]), static_cast<float>(1.0 / m)});
  }
  add_channel_sums<4>(rows.rows, weights, scan().n_samples,
                      {sums_[0].data(), sums_[1].data(), sums_[2].data(), average.sum.data()});
  if (weights_come_later()) keep(rows);
}

void CommonGainWorker::keep(const SubBandRows& rows) {
  KeptSubBand kept;
  kept.y.reserve(rows.channels.size() * scan().n_samples);
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const ChannelSamples& row = rows.rows[i];
    for (std::size_t t = 0; t < scan().n_samples; ++t) kept.y.push_back(row.samples[t] * row.scale + row.shift);
    kept.gain_counts_per_K.push_back(scan().calibration.gain_counts_per_K(rows.band, rows.channels[i]));
  }
  kept.rows = rows;
  kept.rows.rows.clear();
  kept.rows.atmosphere_free = {};
  in_hand_.push_back(std::move(kept));
}

std::vector<double> CommonGainWorker::solve_gain() const {
  Vector3 row = {1.0 / normal_[0][0], 0.0, 0.0};
  if (config().method == GainFilterMethod::least_squares) {
    const auto inverse_normal = inverse(normal_);
    row = inverse_normal ? (*inverse_normal)[0] : Vector3{kNan, kNan, kNan};
  }
  std::vector<double> gain(scan().n_samples);
  for (std::size_t t = 0; t < gain.size(); ++t) {
    gain[t] = row[0] * sums_[0][t] + row[1] * sums_[1][t] + row[2] * sums_[2][t];
  }
  bridge_gaps(gain);
  const double mean = std::accumulate(gain.begin(), gain.end(), 0.0) / static_cast<double>(gain.size());
  for (double& value : gain) value -= mean;
  return gain;
}

void CommonGainWorker::finish_scan() {
  std::vector<double> gain = solve_gain();
  if (weights_come_later()) {
    kept_.push_back({scan(), std::move(gain), std::move(in_hand_)});
    return;
  }
  for (std::size_t i = 0; i < averages_.size(); ++i) store(scan(), i, averages_[i], gain);
}

CommonGainWorker::Average CommonGainWorker::average_kept(const KeptSubBand& kept) const {
  const auto auto_rms = table().get(level2::kLevel1AutoRms);
  const std::size_t n_samples = kept.y.size() / kept.rows.channels.size();
  Average average;
  average.sum.assign(n_samples, 0.0);
  std::vector<ChannelSamples> rows;
  std::vector<std::array<float, 1>> weights;
  for (std::size_t i = 0; i < kept.rows.channels.size(); ++i) {
    const double m = kept.rows.system_temperature_K[i];
    const double noise_K = auto_rms(kept.rows.band, kept.rows.channels[i]) / kept.gain_counts_per_K[i];
    const double weight = 1.0 / (noise_K * noise_K);
    if (!std::isfinite(weight)) continue;
    average.add_channel(weight, m, kept.rows.frequency_GHz[i]);
    rows.push_back({kept.y.data() + i * n_samples, 1.0F, 0.0F});
    weights.push_back({static_cast<float>(weight * m)});
  }
  add_channel_sums<1>(rows, weights, n_samples, {average.sum.data()});
  return average;
}

void CommonGainWorker::finish_feed() {
  for (const KeptScan& kept : kept_) {
    for (const KeptSubBand& sub_band : kept.sub_bands) {
      store(kept.scan, sub_band.rows.sub_band, average_kept(sub_band), kept.gain);
    }
  }
}

void CommonGainWorker::store(const ScanInHand& of_scan, std::size_t sub_band, const Average& average,
                             std::span<const double> gain) {
  if (average.sum.empty()) return;
  const double effective_tsys_K = average.temperature / average.weights;
  const double mean_from_pivot = average.frequency / average.weights;
  const double variance = average.frequency_squared / average.weights - mean_from_pivot * mean_from_pivot;
  products().set_sub_band(sub_band, of_scan.index, effective_tsys_K,
                          white_variance() * average.temperature_squared / (average.weights * average.weights));
  products().add_frequencies(sub_band, kPivotFrequency_GHz + mean_from_pivot, std::sqrt(variance));
  const std::span<float> unfiltered = products().unfiltered(sub_band, of_scan.start, of_scan.n_samples);
  const std::span<float> filtered = products().filtered(sub_band, of_scan.start, of_scan.n_samples);
  for (std::size_t t = 0; t < of_scan.n_samples; ++t) {
    const double mean_K = average.sum[t] / average.weights;
    unfiltered[t] = static_cast<float>(mean_K);
    filtered[t] = static_cast<float>(mean_K - effective_tsys_K * gain[t]);
  }
}

}  // namespace comap
