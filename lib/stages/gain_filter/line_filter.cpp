#include "stages/gain_filter/line_filter.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/constants.hpp"
#include "math/median.hpp"
#include "stages/gain_filter/channel_selection.hpp"

namespace comap {
namespace {

constexpr std::size_t kMinLineChannels = 3;
constexpr double kMinFitChannels = 3.0;

bool is_inside(std::span<const double> frequency_GHz, double line_GHz) {
  const auto [lowest, highest] = std::ranges::minmax(frequency_GHz);
  const double width_GHz = (highest - lowest) / static_cast<double>(std::max<std::size_t>(frequency_GHz.size() - 1, 1));
  return line_GHz >= lowest - 0.5 * width_GHz && line_GHz <= highest + 0.5 * width_GHz;
}

void mark_nearest(std::span<const double> frequency_GHz, double line_GHz, std::vector<std::uint8_t>& marked) {
  std::vector<std::size_t> order(frequency_GHz.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::ptrdiff_t n_nearest = std::min(kMinLineChannels, order.size());
  std::ranges::partial_sort(order, order.begin() + n_nearest, {},
                            [&](std::size_t i) { return std::abs(frequency_GHz[i] - line_GHz); });
  std::for_each_n(order.begin(), n_nearest, [&](std::size_t i) { marked[i] = 1; });
}

Matrix3 normal_matrix(const ChannelMoments& moments) {
  return {{{moments.n, moments.s, moments.sx},
           {moments.s, moments.ss, moments.ssx},
           {moments.sx, moments.ssx, moments.ssxx}}};
}

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// The good channels of a block, as the fit takes them.
struct GoodChannels {
  std::vector<ChannelSamples> rows;
  std::vector<double> s;
  std::vector<double> x;
};

BandChannels select_with_medians(FeedBlock block, std::span<const double> gain_counts_per_K,
                                 const GainFilterConfig& config) {
  std::vector<float> medians, scratch;
  if (block.channel_median.empty()) {
    for (int channel = 0; channel < block.n_channels; ++channel)
      medians.push_back(median(block.channel(channel), scratch));
    block.channel_median = medians;
  }
  return select_channels(block, gain_counts_per_K, config);
}

TemplateSums sums_of_fit(const GoodChannels& channels, std::span<const std::uint8_t> in_fit, std::size_t n_samples) {
  GoodChannels fitted;
  for (std::size_t i = 0; i < channels.rows.size(); ++i) {
    if (in_fit[i] == 0) continue;
    fitted.rows.push_back(channels.rows[i]);
    fitted.s.push_back(channels.s[i]);
    fitted.x.push_back(channels.x[i]);
  }
  TemplateSums sums;
  if (!fitted.rows.empty()) add_channels(fitted.rows, fitted.s, fitted.x, n_samples, sums);
  return sums;
}

void subtract_continuum(const ChannelSamples& row, double s, double x,
                        const std::array<std::vector<double>, 3>& continuum, std::span<float> temperature_K) {
  for (std::size_t t = 0; t < temperature_K.size(); ++t) {
    const double y = row.samples[t] * row.scale + row.shift;
    const double fit = continuum[0][t] + s * (continuum[1][t] + x * continuum[2][t]);
    temperature_K[t] = static_cast<float>((y - fit) / s);
  }
}

}  // namespace

std::vector<std::uint8_t> line_channels(std::span<const double> frequency_GHz,
                                        const std::vector<std::array<double, 2>>& line_mask) {
  std::vector<std::uint8_t> marked(frequency_GHz.size(), 0);
  for (const auto& [line_GHz, width_GHz] : line_mask) {
    for (std::size_t channel = 0; channel < marked.size(); ++channel) {
      if (std::abs(frequency_GHz[channel] - line_GHz) <= width_GHz) marked[channel] = 1;
    }
    if (is_inside(frequency_GHz, line_GHz)) mark_nearest(frequency_GHz, line_GHz, marked);
  }
  return marked;
}

std::array<std::vector<double>, 3> fit_continuum(const TemplateSums& channels) {
  const std::size_t n_samples = channels.sums[0].size();
  std::array<std::vector<double>, 3> fit;
  for (auto& coefficient : fit) coefficient.assign(n_samples, kNan);
  if (channels.moments.n < kMinFitChannels) return fit;
  const std::optional<Matrix3> solution = inverse(normal_matrix(channels.moments));
  if (!solution) return fit;
  for (std::size_t t = 0; t < n_samples; ++t) {
    const Vector3 sums = {channels.sums[0][t], channels.sums[1][t], channels.sums[2][t]};
    for (std::size_t k = 0; k < fit.size(); ++k) fit[k][t] = dot((*solution)[k], sums);
  }
  return fit;
}

double line_noise_variance(const ChannelMoments& average, const ChannelMoments& average_in_fit,
                           const ChannelMoments& fit) {
  const Vector3 model = {average.s / average.ss, 1.0, average.ssx / average.ss};
  const Vector3 shared = {average_in_fit.s / average.ss, average_in_fit.ss / average.ss,
                          average_in_fit.ssx / average.ss};
  const std::optional<Vector3> of_model = fit.n < kMinFitChannels ? std::nullopt : solve(normal_matrix(fit), model);
  if (!of_model) return kNan;
  return 1.0 / average.ss - 2.0 * dot(*of_model, shared) + dot(*of_model, model);
}

LineBand filter_line_band(const FeedBlock& block, std::span<const double> gain_counts_per_K,
                          std::span<const double> frequency_GHz, double white_variance,
                          const GainFilterConfig& config) {
  const BandChannels selected = select_with_medians(block, gain_counts_per_K, config);
  const std::vector<std::uint8_t> in_line = line_channels(frequency_GHz, config.line_mask);
  const std::size_t n_samples = block.n_samples;
  LineBand band;
  GoodChannels good;
  for (std::size_t channel = 0; channel < selected.flags.size(); ++channel) {
    if (!selected.good(channel)) continue;
    const double m = selected.system_temperature_K[channel];
    band.channels.push_back(channel);
    band.frequency_GHz.push_back(frequency_GHz[channel]);
    band.variance_K2.push_back(m * m * white_variance);
    band.in_fit.push_back(in_line[channel] == 0 ? 1 : 0);
    good.rows.push_back({block.channel(static_cast<int>(channel)).data(),
                         static_cast<float>(1.0 / selected.median_counts[channel]), -1.0F});
    good.s.push_back(1.0 / m);
    good.x.push_back(log_frequency(frequency_GHz[channel]));
  }
  const TemplateSums sums = sums_of_fit(good, band.in_fit, n_samples);
  if (sums.moments.n < kMinFitChannels) return {};
  const auto continuum = fit_continuum(sums);
  band.temperature_K.resize(good.rows.size() * n_samples);
  for (std::size_t i = 0; i < good.rows.size(); ++i) {
    subtract_continuum(good.rows[i], good.s[i], good.x[i], continuum,
                       std::span(band.temperature_K).subspan(i * n_samples, n_samples));
  }
  return band;
}

}  // namespace comap
