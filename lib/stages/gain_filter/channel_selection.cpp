#include "stages/gain_filter/channel_selection.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr double kMaxMissingFraction = 0.01;
constexpr double kMinRelativeVariance = 0.5;
constexpr double kMaxRelativeVariance = 2.0;
constexpr double kHighTemperatureRatio = 1.5;
// Independent partial sums, so that the loop over samples uses vectors.
constexpr std::size_t kLanes = 32;

/// The values at good channels.
std::vector<double> of_good_channels(const std::vector<double>& values, const BandChannels& channels) {
  std::vector<double> chosen;
  for (std::size_t channel = 0; channel < values.size(); ++channel) {
    if (channels.good(channel)) chosen.push_back(values[channel]);
  }
  return chosen;
}

void flag_noise(BandChannels& channels) {
  const double typical = median(of_good_channels(channels.difference_variance, channels));
  for (std::size_t channel = 0; channel < channels.flags.size(); ++channel) {
    if (!channels.good(channel)) continue;
    const double ratio = channels.difference_variance[channel] / typical;
    if (!(ratio >= kMinRelativeVariance && ratio <= kMaxRelativeVariance)) {
      channels.flags[channel] |= channel_flag::kNoise;
    }
  }
}

}  // namespace

std::vector<std::uint8_t> cut_flags(std::size_t n_channels, double edge_cut_fraction, double centre_cut_fraction) {
  std::vector<std::uint8_t> flags(n_channels, 0);
  const auto n = static_cast<double>(n_channels);
  const double n_edge = std::round(edge_cut_fraction * n);
  for (std::size_t channel = 0; channel < n_channels; ++channel) {
    const double centre = static_cast<double>(channel) + 0.5;
    if (centre < n_edge || centre > n - n_edge) flags[channel] |= channel_flag::kEdge;
    if (std::abs(centre - 0.5 * n) < 0.5 * centre_cut_fraction * n) flags[channel] |= channel_flag::kCentre;
  }
  return flags;
}

DifferenceStatistics difference_statistics(std::span<const float> samples) {
  std::array<float, kLanes> squares{};
  std::array<std::uint32_t, kLanes> n_pairs{};
  std::array<std::uint32_t, kLanes> n_present{};
  const std::size_t n_vectors = samples.empty() ? 0 : (samples.size() - 1) / kLanes;
  for (std::size_t vector = 0; vector < n_vectors; ++vector) {
    const float* const sample = samples.data() + vector * kLanes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float difference = sample[lane + 1] - sample[lane];
      const std::uint32_t finite = difference - difference == 0.0F ? 1U : 0U;
      // A mask instead of a branch, which would keep the compiler from using vectors.
      squares[lane] += std::bit_cast<float>(std::bit_cast<std::uint32_t>(difference * difference) & (0U - finite));
      n_pairs[lane] += finite;
      n_present[lane] += sample[lane] - sample[lane] == 0.0F ? 1U : 0U;
    }
  }
  DifferenceStatistics statistics;
  double pairs = 0.0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    statistics.mean_square += static_cast<double>(squares[lane]);
    statistics.n_missing += static_cast<double>(n_vectors) - static_cast<double>(n_present[lane]);
    pairs += static_cast<double>(n_pairs[lane]);
  }
  for (std::size_t i = n_vectors * kLanes; i < samples.size(); ++i) {
    statistics.n_missing += std::isfinite(samples[i]) ? 0.0 : 1.0;
    const double difference = i + 1 < samples.size() ? static_cast<double>(samples[i + 1] - samples[i]) : kNan;
    if (!std::isfinite(difference)) continue;
    statistics.mean_square += difference * difference;
    pairs += 1.0;
  }
  statistics.mean_square /= pairs;
  return statistics;
}

BandChannels select_channels(const FeedBlock& block, std::span<const double> gain_counts_per_K,
                             const GainFilterConfig& config) {
  const auto n_channels = static_cast<std::size_t>(block.n_channels);
  // A sample that all channels lack tells nothing of one of them.
  const auto n_shared = static_cast<double>(std::ranges::count_if(block.flags, [](auto flags) { return flags != 0; }));
  const double max_missing = n_shared + kMaxMissingFraction * static_cast<double>(block.n_samples);
  BandChannels channels;
  channels.flags = cut_flags(n_channels, config.edge_cut_fraction, config.centre_cut_fraction);
  channels.median_counts.assign(block.channel_median.begin(), block.channel_median.end());
  channels.system_temperature_K.resize(n_channels);
  channels.difference_variance.assign(n_channels, kNan);
  for (std::size_t channel = 0; channel < n_channels; ++channel) {
    const double level = channels.median_counts[channel];
    const double gain = gain_counts_per_K[channel];
    channels.system_temperature_K[channel] = level / gain;
    if (!(std::isfinite(gain) && gain > 0.0 && std::isfinite(level) && level > 0.0)) {
      channels.flags[channel] |= channel_flag::kCalibration;
    }
    if (!channels.good(channel)) continue;
    const DifferenceStatistics statistics = difference_statistics(block.channel(static_cast<int>(channel)));
    channels.difference_variance[channel] = statistics.mean_square / (level * level);
    if (statistics.n_missing > max_missing) channels.flags[channel] |= channel_flag::kMissing;
  }
  if (config.channel_quality) flag_noise(channels);
  return channels;
}

std::vector<std::size_t> high_temperature_channels(const BandChannels& channels) {
  const double typical = median(of_good_channels(channels.system_temperature_K, channels));
  std::vector<std::size_t> high;
  for (std::size_t channel = 0; channel < channels.flags.size(); ++channel) {
    if (channels.good(channel) && channels.system_temperature_K[channel] > kHighTemperatureRatio * typical) {
      high.push_back(channel);
    }
  }
  return high;
}

}  // namespace comap
