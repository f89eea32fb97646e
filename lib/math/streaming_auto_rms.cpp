#include "math/streaming_auto_rms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/constants.hpp"
#include "math/median.hpp"
#include "math/pair_histogram.hpp"

namespace comap {
namespace {

constexpr std::size_t kRunningSums = 8;  ///< running sums side by side, fixed by the number of the pair
constexpr std::size_t kMoments = 3;      ///< number, sum, sum of squares
constexpr std::size_t kBatch = 64;       ///< pairs whose cells are found before they are counted
constexpr std::uint16_t kFull = std::numeric_limits<std::uint16_t>::max();

/// The running sums of one channel.
struct LaneMoments {
  double* n;
  double* sum;
  double* sum2;

  void add(std::size_t lane, const float* pair) const {
    const double difference = double{pair[0]} - pair[1];
    const bool finite = difference - difference == 0.0;
    const double value = finite ? difference : 0.0;
    n[lane] += finite ? 1.0 : 0.0;
    sum[lane] += value;
    sum2[lane] += value * value;
  }
};

/// Median modulus of the differences kept and of `n_zero` that are 0; of those kept alone when that is 0.
float typical_modulus(std::span<const float> kept, std::size_t n_zero) {
  std::vector<float> moduli(kept.size());
  std::ranges::transform(kept, moduli.begin(), [](float difference) { return std::abs(difference); });
  const std::size_t rank = n_zero < kept.size() ? (kept.size() - n_zero) / 2 : kept.size() / 2;
  const auto place = moduli.begin() + rank;
  std::ranges::nth_element(moduli, place);
  return *place;
}

double total(const double* lanes) {
  double sum = 0.0;
  for (std::size_t lane = 0; lane < kRunningSums; ++lane) sum += lanes[lane];
  return sum;
}

}  // namespace

StreamingAutoRms::StreamingAutoRms(std::size_t n_channels, NoiseEstimator estimator)
    : estimator_(estimator), channels_(n_channels) {
  if (estimator == NoiseEstimator::mad) {
    kept_.resize(n_channels * kKeptForScale);
    counts_.resize(n_channels * pair_histogram::kCells);
  } else {
    moments_.resize(n_channels * kMoments * kRunningSums);
  }
}

void StreamingAutoRms::add(std::size_t channel, std::span<const float> values) {
  if (values.empty()) return;
  Channel& state = channels_[channel];
  if (state.has_unpaired) {
    const std::array<float, 2> pair = {state.unpaired, values[0]};
    add_pairs(channel, pair.data(), 1);
    values = values.subspan(1);
  }
  add_pairs(channel, values.data(), values.size() / 2);
  state.has_unpaired = values.size() % 2 == 1;
  if (state.has_unpaired) state.unpaired = values.back();
}

void StreamingAutoRms::add_pairs(std::size_t channel, const float* values, std::size_t n_pairs) {
  if (estimator_ == NoiseEstimator::mad) {
    const std::size_t used = keep_pairs(channel, values, n_pairs);
    count_pairs(channel, values + 2 * used, n_pairs - used);
  } else {
    add_moments(channel, values, n_pairs);
  }
  channels_[channel].n_pairs += static_cast<std::int64_t>(n_pairs);
}

void StreamingAutoRms::add_moments(std::size_t channel, const float* values, std::size_t n_pairs) {
  double* first = &moments_[channel * kMoments * kRunningSums];
  std::array<double, kMoments * kRunningSums> local;
  std::copy_n(first, local.size(), local.begin());
  const LaneMoments moments{local.data(), local.data() + kRunningSums, local.data() + 2 * kRunningSums};
  std::size_t lane = static_cast<std::size_t>(channels_[channel].n_pairs) % kRunningSums;
  std::size_t i = 0;
  for (; i < n_pairs && lane % kRunningSums != 0; ++i, ++lane) moments.add(lane, values + 2 * i);
  for (; i + kRunningSums <= n_pairs; i += kRunningSums) {
    for (std::size_t k = 0; k < kRunningSums; ++k) moments.add(k, values + 2 * (i + k));
  }
  for (std::size_t k = 0; i < n_pairs; ++i, ++k) moments.add(k, values + 2 * i);
  std::copy_n(local.begin(), local.size(), first);
}

std::size_t StreamingAutoRms::keep_pairs(std::size_t channel, const float* values, std::size_t n_pairs) {
  Channel& state = channels_[channel];
  if (state.lowest_bits != 0) return 0;
  const std::span<float> kept(&kept_[channel * kKeptForScale], kKeptForScale);
  const std::span<std::uint16_t> cells(&counts_[channel * pair_histogram::kCells], pair_histogram::kCells);
  std::size_t i = 0;
  for (; i < n_pairs && static_cast<std::size_t>(state.n_kept) < kept.size(); ++i) {
    const float difference = values[2 * i] - values[2 * i + 1];
    if (!std::isfinite(difference)) continue;
    if (difference == 0.0F) {
      auto& zeros = cells[pair_histogram::kZeroCell];
      zeros = static_cast<std::uint16_t>(zeros + (zeros != kFull));
    } else {
      kept[state.n_kept++] = difference;
    }
  }
  if (static_cast<std::size_t>(state.n_kept) < kept.size()) return i;
  state.lowest_bits = pair_histogram::lowest_bits(typical_modulus(kept, cells[pair_histogram::kZeroCell]));
  for (const float difference : kept) {
    ++cells[pair_histogram::cell_of(difference, state.lowest_bits)];
  }
  return i;
}

void StreamingAutoRms::count_pairs(std::size_t channel, const float* values, std::size_t n_pairs) {
  if (n_pairs == 0) return;
  const Channel& state = channels_[channel];
  std::uint16_t* cells = &counts_[channel * pair_histogram::kCells];
  const bool may_be_full = state.n_pairs + static_cast<std::int64_t>(n_pairs) > kFull;
  std::array<std::int32_t, kBatch> batch;
  for (std::size_t done = 0; done < n_pairs; done += kBatch) {
    const std::span<std::int32_t> found(batch.data(), std::min(kBatch, n_pairs - done));
    pair_histogram::find_cells(values + 2 * done, state.lowest_bits, found);
    if (may_be_full) {
      for (const std::int32_t cell : found)
        cells[cell] = static_cast<std::uint16_t>(cells[cell] + (cells[cell] != kFull));
    } else {
      for (const std::int32_t cell : found) ++cells[cell];
    }
  }
}

double StreamingAutoRms::result(std::size_t channel) const {
  if (estimator_ == NoiseEstimator::standard_deviation) return standard_deviation(channel) / std::numbers::sqrt2;
  return kMadToSigma * median_absolute_deviation(channel) / std::numbers::sqrt2;
}

double StreamingAutoRms::standard_deviation(std::size_t channel) const {
  const double* lanes = &moments_[channel * kMoments * kRunningSums];
  const double n = total(lanes);
  if (n == 0.0) return kNan;
  const double mean = total(lanes + kRunningSums) / n;
  return std::sqrt(std::max(total(lanes + 2 * kRunningSums) / n - mean * mean, 0.0));
}

double StreamingAutoRms::median_absolute_deviation(std::size_t channel) const {
  const Channel& state = channels_[channel];
  if (state.lowest_bits == 0) return exact_median_absolute_deviation(channel);
  const std::span<const std::uint16_t> cells(&counts_[channel * pair_histogram::kCells], pair_histogram::kCells);
  return pair_histogram::median_absolute_deviation(cells, state.lowest_bits);
}

double StreamingAutoRms::exact_median_absolute_deviation(std::size_t channel) const {
  const std::size_t n_kept = channels_[channel].n_kept;
  const std::size_t n_zero = counts_[channel * pair_histogram::kCells + pair_histogram::kZeroCell];
  std::vector<double> differences(n_kept + n_zero, 0.0);
  std::copy_n(&kept_[channel * kKeptForScale], n_kept, differences.begin());
  const double middle = median(std::span<const double>(differences));
  for (double& difference : differences) difference = std::abs(difference - middle);
  return median(std::span<const double>(differences));
}

}  // namespace comap
