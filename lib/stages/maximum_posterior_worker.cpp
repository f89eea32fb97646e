#include "stages/maximum_posterior_worker.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "math/gaps.hpp"
#include "math/power_spectrum.hpp"

namespace comap {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnstableRatio = 1.5;
constexpr double kStabilityLow_Hz = 0.05;
constexpr double kStabilityHigh_Hz = 1.0;
// Of fewer modes the mean power scatters by more than a quarter.
constexpr std::size_t kMinStabilityModes = 20;
// The worst channels spoil the gain and so the residuals of the others: they go first.
constexpr double kWorstFraction = 0.5;
constexpr int kMaxLooks = 10;

double channel_x(double frequency_GHz) { return std::log(frequency_GHz / kPivotFrequency_GHz); }

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
  std::vector<std::array<float, 3>> weights;
  double frequency_sum = 0.0;
  double frequency_squared_sum = 0.0;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double s = 1.0 / rows.system_temperature_K[i];
    const double x = channel_x(rows.frequency_GHz[i]);
    target.sky.add(s, x);
    frequency_sum += s * s * rows.frequency_GHz[i];
    weights.push_back({1.0F, static_cast<float>(s), static_cast<float>(s * x)});
    if (rows.is_high[i] == 0 || !config().channel_quality) continue;
    high_.push_back({rows.band, rows.sub_band, rows.channels[i], s, x, 0.5 * rows.difference_variance[i],
                     samples_of_y(rows.rows[i], scan().n_samples)});
  }
  target.gain = target.sky;
  for (auto& sum : target.sums) sum.assign(scan().n_samples, 0.0);
  add_channel_sums<3>(rows.rows, weights, scan().n_samples,
                      {target.sums[0].data(), target.sums[1].data(), target.sums[2].data()});
  const double mean_GHz = frequency_sum / target.sky.ss;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double deviation = (rows.frequency_GHz[i] - mean_GHz) / rows.system_temperature_K[i];
    frequency_squared_sum += deviation * deviation;
  }
  products().add_frequencies(rows.sub_band, mean_GHz, std::sqrt(frequency_squared_sum / target.sky.ss));
}

void MaximumPosteriorWorker::add_projection(const SubBandSums& sub_band, BandGain& band) const {
  if (sub_band.sums[0].empty()) return;
  const std::optional<Vector2> sky_part = sky_part_of_constant(sub_band.gain);
  if (!sky_part) return;
  const auto [al, be] = *sky_part;
  band.information += sum_of_q(sub_band.gain, *sky_part) / white_variance();
  for (std::size_t t = 0; t < band.projected.size(); ++t) {
    band.projected[t] += (sub_band.sums[0][t] - al * sub_band.sums[1][t] - be * sub_band.sums[2][t]) / white_variance();
  }
}

void MaximumPosteriorWorker::take_out(const HighChannel& high, BandGain& band) const {
  const std::optional<Vector2> sky_part = sky_part_of_constant(sub_bands_[high.sub_band].gain);
  if (!sky_part) return;
  const double q = 1.0 - high.s * ((*sky_part)[0] + (*sky_part)[1] * high.x);
  for (std::size_t t = 0; t < band.projected.size(); ++t) {
    band.projected[t] -= q * static_cast<double>(high.y[t]) / white_variance();
  }
}

std::array<BandGain, kBands> MaximumPosteriorWorker::project() const {
  std::array<BandGain, kBands> bands;
  for (std::size_t b = 0; b < kBands; ++b) {
    bands[b].projected.assign(scan().n_samples, 0.0);
    const auto n_freq_bin = static_cast<std::size_t>(config().n_freq_bin);
    for (std::size_t i = 0; i < n_freq_bin; ++i) add_projection(sub_bands_[b * n_freq_bin + i], bands[b]);
    for (const HighChannel& high : high_) {
      if (high.band == b && !high.in_gain) take_out(high, bands[b]);
    }
    if (bridge_gaps(bands[b].projected) == 0) bands[b].information = 0.0;
  }
  return bands;
}

bool MaximumPosteriorWorker::drop_unstable(const std::array<BandGain, kBands>& bands) {
  RealFft& fft = fft_of_length(scan().n_samples);
  GainPriorEstimate estimate;
  if (!is_prior_fixed(config())) estimate.add(bands, sample_time_s(), fft);
  const auto gain = estimate_gain(bands, estimate.prior(config()), sample_time_s(), fft);
  std::vector<double> ratios;
  for (const HighChannel& high : high_) {
    const auto ratio =
        high.in_gain ? residual_power_ratio(high, sub_bands_[high.sub_band], gain[high.band], sample_time_s(), fft)
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

void MaximumPosteriorWorker::finish_scan() {
  ScanRecord record{scan().index, scan().start, scan().n_samples, project(), {}};
  for (int look = 0; look < kMaxLooks && !high_.empty(); ++look) {
    if (!drop_unstable(record.bands)) break;
    record.bands = project();
  }
  store_unfiltered(record);
  if (!is_prior_fixed(config())) {
    prior_estimate_.add(record.bands, sample_time_s(), fft_of_length(record.n_samples));
  }
  records_.push_back(std::move(record));
}

void MaximumPosteriorWorker::store_unfiltered(ScanRecord& record) {
  record.effective_tsys_K.assign(sub_bands_.size(), kNan);
  for (std::size_t i = 0; i < sub_bands_.size(); ++i) {
    const SubBandSums& sub_band = sub_bands_[i];
    if (sub_band.sums[0].empty()) continue;
    record.effective_tsys_K[i] = sub_band.sky.s / sub_band.sky.ss;
    products().set_sub_band(i, record.index, record.effective_tsys_K[i], white_variance() / sub_band.sky.ss);
    std::ranges::transform(sub_band.sums[1],
                           products().unfiltered(i, record.start, static_cast<std::int64_t>(record.n_samples)).begin(),
                           [&](double sum) { return static_cast<float>(sum / sub_band.sky.ss); });
  }
}

void MaximumPosteriorWorker::finish_feed() {
  const GainPrior prior = prior_estimate_.prior(config());
  for (const ScanRecord& record : records_) {
    for (std::size_t b = 0; b < kBands; ++b) {
      products().set_band(b, record.index, record.bands[b].information, prior.sigma_common, prior.sigma_band,
                          prior.alpha);
    }
    store_filtered(record, prior);
  }
}

void MaximumPosteriorWorker::store_filtered(const ScanRecord& record, const GainPrior& prior) {
  const auto gain = estimate_gain(record.bands, prior, sample_time_s(), fft_of_length(record.n_samples));
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

std::optional<double> residual_power_ratio(const HighChannel& high, const SubBandSums& sub_band,
                                           std::span<const double> gain, double sample_time_s, RealFft& fft) {
  // s (a + b x) of this channel = s (1, x) A^-1 [sum s (y - g), sum s x (y - g)]: two coefficients for the scan.
  const ChannelMoments& sky = sub_band.sky;
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
