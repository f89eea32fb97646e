#include "stages/gain_filter/maximum_posterior_worker.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "math/gaps.hpp"
#include "math/power_spectrum.hpp"

namespace comap {
namespace {

constexpr double kUnstableRatio = 1.5;
constexpr double kStabilityLow_Hz = 0.05;
constexpr double kStabilityHigh_Hz = 1.0;
// The mean power of fewer modes scatters by more than a quarter.
constexpr std::size_t kMinStabilityModes = 20;
// The worst channels spoil the gain and so the residuals of the others: they go first.
constexpr double kWorstFraction = 0.5;
constexpr int kMaxLooks = 10;
// Longer gaps are bridged between means of so many samples.
constexpr std::size_t kLongGap = 25;
// A scan that lacks more says little of the spectrum of the gain.
constexpr double kMostLost = 0.05;

std::vector<float> samples_of_y(const ChannelSamples& row, std::size_t n) {
  std::vector<float> y(n);
  std::transform(row.samples, row.samples + n, y.begin(),
                 [&row](float sample) { return sample * row.scale + row.shift; });
  return y;
}

}  // namespace

void MaximumPosteriorWorker::begin_scan() {
  sub_bands_.resize(products().n_sub_bands());
  for (SubBandSums& sub_band : sub_bands_) sub_band = {};
  high_.clear();
}

void MaximumPosteriorWorker::add_sub_band(const SubBandRows& rows) {
  SubBandSums& target = sub_bands_[rows.sub_band];
  std::vector<double> sky_template, x;
  std::vector<std::array<float, 1>> inverse_temperature;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double s = 1.0 / rows.system_temperature_K[i];
    x.push_back(log_frequency(rows.frequency_GHz[i]));
    sky_template.push_back(has_power_law_sky() ? s * std::exp(kSkySpectralIndex * x[i]) : s);
    inverse_temperature.push_back({static_cast<float>(s)});
    target.s += s;
    target.ss += s * s;
    if (rows.is_high[i] == 0 || !config().channel_quality) continue;
    high_.push_back({rows.band, rows.sub_band, rows.channels[i], sky_template[i], x[i],
                     0.5 * rows.difference_variance[i], samples_of_y(rows.rows[i], scan().n_samples)});
  }
  add_channels(rows.rows, sky_template, x, scan().n_samples, target.sky);
  target.gain = target.sky.moments;
  if (has_power_law_sky()) {
    target.sum_sy.assign(scan().n_samples, 0.0);
    add_channel_sums<1>(rows.rows, inverse_temperature, scan().n_samples, {target.sum_sy.data()});
  }
  products().add_frequencies(rows);
}

std::vector<TemplateSums> MaximumPosteriorWorker::gain_sums() const {
  std::vector<TemplateSums> all(sub_bands_.size());
  for (std::size_t i = 0; i < sub_bands_.size(); ++i) {
    if (!sub_bands_[i].sky.empty()) all[i] = {sub_bands_[i].gain, sub_bands_[i].sky.sums};
  }
  for (const HighChannel& high : high_) {
    if (high.in_gain) continue;
    auto& sums = all[high.sub_band].sums;
    for (std::size_t t = 0; t < high.y.size(); ++t) {
      const auto y = static_cast<double>(high.y[t]);
      sums[0][t] -= y;
      sums[1][t] -= high.s * y;
      sums[2][t] -= high.s * high.x * y;
    }
  }
  for (TemplateSums& sub_band : all) {
    if (sub_band.empty()) continue;
    std::size_t n_finite = 0;
    for (auto& sum : sub_band.sums) n_finite = bridge_gaps(sum, kLongGap);
    if (n_finite == 0) sub_band = {};
  }
  return all;
}

bool MaximumPosteriorWorker::drop_unstable(const GainEvidence& evidence) {
  RealFft& fft = fft_of_length(scan().n_samples);
  GainPriorEstimate estimate;
  if (!is_prior_fixed(config())) estimate.add(evidence, sample_time_s(), fft);
  const auto gain = estimate_gain(evidence, estimate.prior(config()), sample_time_s(), fft);
  std::vector<double> ratios;
  for (const HighChannel& high : high_) {
    const auto ratio =
        high.in_gain ? residual_power_ratio(high, sub_bands_[high.sub_band].sky, gain[high.band], sample_time_s(), fft)
                     : std::nullopt;
    ratios.push_back(ratio.value_or(0.0));
  }
  if (ratios.empty()) return false;
  const double limit = std::max(kUnstableRatio, kWorstFraction * std::ranges::max(ratios));
  bool dropped = false;
  for (std::size_t i = 0; i < high_.size(); ++i) {
    if (!(ratios[i] > limit)) continue;
    HighChannel& high = high_[i];
    high.in_gain = false;
    sub_bands_[high.sub_band].gain.add(high.s, high.x, -1.0);
    products().add_mask(high.band, high.channel, channel_flag::kUnstable);
    dropped = true;
  }
  return dropped;
}

GainEvidence MaximumPosteriorWorker::look() {
  GainEvidence evidence = project_out_free_sky(gain_sums(), white_variance());
  for (int i = 0; i < kMaxLooks && !high_.empty() && !evidence.empty(); ++i) {
    if (!drop_unstable(evidence)) break;
    evidence = project_out_free_sky(gain_sums(), white_variance());
  }
  return evidence;
}

void MaximumPosteriorWorker::finish_scan() {
  ScanRecord record{scan().index, scan().start, scan().n_samples, look(), {}};
  // The prior is always that of the gain with a free sky: what a common sky does not describe would be in it.
  if (!is_prior_fixed(config()) && !record.evidence.empty()) {
    const bool is_whole = static_cast<double>(scan().n_lost) <= kMostLost * static_cast<double>(record.n_samples);
    has_whole_scan_ |= is_whole;
    GainPriorEstimate& estimate = is_whole ? prior_estimate_ : estimate_of_others_;
    estimate.add(record.evidence, sample_time_s(), fft_of_length(record.n_samples));
  }
  if (has_power_law_sky()) record.evidence = project_out_common_sky(gain_sums(), white_variance());
  store_unfiltered(record);
  records_.push_back(std::move(record));
}

void MaximumPosteriorWorker::store_unfiltered(ScanRecord& record) {
  record.effective_tsys_K.assign(sub_bands_.size(), kNan);
  for (std::size_t i = 0; i < sub_bands_.size(); ++i) {
    const SubBandSums& sub_band = sub_bands_[i];
    if (sub_band.sky.empty()) continue;
    record.effective_tsys_K[i] = sub_band.s / sub_band.ss;
    products().set_sub_band(i, record.index, record.effective_tsys_K[i], white_variance() / sub_band.ss);
    std::ranges::transform(sub_band.temperature_sum(),
                           products().unfiltered(i, record.start, static_cast<std::int64_t>(record.n_samples)).begin(),
                           [&](double sum) { return static_cast<float>(sum / sub_band.ss); });
  }
}

void MaximumPosteriorWorker::finish_feed() {
  const GainPrior prior = (has_whole_scan_ ? prior_estimate_ : estimate_of_others_).prior(config());
  for (const ScanRecord& record : records_) {
    products().set_gain(record.index, record.evidence.information, prior);
    if (!record.evidence.empty()) store_filtered(record, prior);
  }
}

void MaximumPosteriorWorker::store_filtered(const ScanRecord& record, const GainPrior& prior) {
  const auto gain = estimate_gain(record.evidence, prior, sample_time_s(), fft_of_length(record.n_samples));
  const auto n_freq_bin = static_cast<std::size_t>(config().n_freq_bin);
  const auto n = static_cast<std::int64_t>(record.n_samples);
  for (std::size_t i = 0; i < record.effective_tsys_K.size(); ++i) {
    if (std::isnan(record.effective_tsys_K[i])) continue;
    const std::span<const float> unfiltered = products().unfiltered(i, record.start, n);
    const std::span<float> filtered = products().filtered(i, record.start, n);
    for (std::size_t t = 0; t < record.n_samples; ++t) {
      filtered[t] =
          static_cast<float>(static_cast<double>(unfiltered[t]) - record.effective_tsys_K[i] * gain[i / n_freq_bin][t]);
    }
  }
}

RealFft& MaximumPosteriorWorker::fft_of_length(std::size_t n) {
  if (!fft_ || fft_->size() != n) fft_.emplace(n);
  return *fft_;
}

std::optional<double> residual_power_ratio(const HighChannel& high, const TemplateSums& sub_band,
                                           std::span<const double> gain, double sample_time_s, RealFft& fft) {
  // s (a + b x) of this channel = s (1, x) A^-1 [sum s (y - g), sum s x (y - g)]: two coefficients for the scan.
  const ChannelMoments& sky = sub_band.moments;
  const auto part = solve(Matrix2{{{sky.ss, sky.ssx}, {sky.ssx, sky.ssxx}}}, Vector2{high.s, high.s * high.x});
  const std::size_t n = gain.size();
  const double step_Hz = 1.0 / (static_cast<double>(n) * sample_time_s);
  const auto first = static_cast<std::size_t>(std::ceil(kStabilityLow_Hz / step_Hz));
  const auto end = std::min(static_cast<std::size_t>(kStabilityHigh_Hz / step_Hz) + 1, n / 2 + 1);
  if (!part || end < first + kMinStabilityModes) return std::nullopt;
  std::vector<double> residual(n);
  for (std::size_t t = 0; t < n; ++t) {
    residual[t] = static_cast<double>(high.y[t]) - gain[t] - (*part)[0] * (sub_band.sums[1][t] - gain[t] * sky.s) -
                  (*part)[1] * (sub_band.sums[2][t] - gain[t] * sky.sx);
  }
  if (bridge_gaps(residual) == 0) return std::nullopt;
  const std::vector<double> power = windowed_power(residual, fft);
  double sum = 0.0;
  for (std::size_t k = first; k < end; ++k) sum += power[k];
  return sum / static_cast<double>(end - first) / high.white_power;
}

}  // namespace comap
