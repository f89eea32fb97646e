#include "stages/check_level1/sample_screen.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "data/sample_flag.hpp"
#include "math/median.hpp"
#include "stages/gain_filter/channel_selection.hpp"
#include "stages/gain_filter/gain_filter_worker.hpp"

namespace comap {
namespace {

constexpr std::array<std::uint8_t, 3> kReasonFlags = {sample_flag::kMissing, sample_flag::kNotPositive,
                                                      sample_flag::kAbsurd};
constexpr int kProbes = 8;         ///< channels that repeats and noise are told from
constexpr std::size_t kLook = 99;  ///< samples that the level of a channel is told from
constexpr double kLongestLeap_s = 1.0;
constexpr double kMinPairs = 50;    ///< differences that the noise is told from
constexpr std::size_t kLanes = 32;  ///< independent extremes, so that the loop uses vectors

/// Extremes of the positive values of a row.
struct Extremes {
  float lowest = std::numeric_limits<float>::max();
  float highest = 0.0F;
  bool all_positive = true;  ///< and finite
};

Extremes extremes_of_positive(std::span<const float> row) {
  std::array<float, kLanes> lowest, highest;
  lowest.fill(std::numeric_limits<float>::max());
  highest.fill(0.0F);
  const auto add = [&](std::size_t lane, float value) {
    const float low = value > 0.0F ? value : lowest[lane];
    lowest[lane] = low < lowest[lane] ? low : lowest[lane];
    highest[lane] = value > highest[lane] ? value : highest[lane];
  };
  const std::size_t n_vectors = row.size() / kLanes;
  for (std::size_t vector = 0; vector < n_vectors; ++vector) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, row[vector * kLanes + lane]);
  }
  for (const float value : row.subspan(n_vectors * kLanes)) add(0, value);
  return {std::ranges::min(lowest), std::ranges::max(highest), false};
}

/// Positive floats are in the order of their bits; zero and what is negative are below, infinity and NaN above them.
Extremes extremes_of(std::span<const float> row) {
  constexpr std::int32_t kInfinity = std::bit_cast<std::int32_t>(std::numeric_limits<float>::infinity());
  std::array<std::int32_t, kLanes> lowest, highest;
  lowest.fill(std::numeric_limits<std::int32_t>::max());
  highest.fill(0);
  const std::size_t n_vectors = row.size() / kLanes;
  for (std::size_t vector = 0; vector < n_vectors; ++vector) {
    const float* const sample = row.data() + vector * kLanes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto bits = std::bit_cast<std::int32_t>(sample[lane]);
      lowest[lane] = std::min(lowest[lane], bits);
      highest[lane] = std::max(highest[lane], bits);
    }
  }
  std::int32_t low = std::ranges::min(lowest), high = std::ranges::max(highest);
  for (const float value : row.subspan(n_vectors * kLanes)) {
    low = std::min(low, std::bit_cast<std::int32_t>(value));
    high = std::max(high, std::bit_cast<std::int32_t>(value));
  }
  if (low > 0 && high < kInfinity) return {std::bit_cast<float>(low), std::bit_cast<float>(high), true};
  return extremes_of_positive(row);
}

/// Median of the finite positive values of an even choice of samples; NaN without any.
double level_of(std::span<const float> row) {
  std::vector<double> chosen;
  const std::size_t step = std::max<std::size_t>(1, row.size() / kLook);
  for (std::size_t i = step / 2; i < row.size(); i += step) {
    if (row[i] > 0.0F && std::isfinite(row[i])) chosen.push_back(row[i]);
  }
  return median(chosen);
}

}  // namespace

SampleScreen::SampleScreen(const Level1Metadata& level1, const CheckLevel1Config& limits)
    : level1_(level1), limits_(limits) {
  if (level1.n_channels > 1) difference_variance_ = 2.0 * radiometer_variance(level1);
}

std::span<float> SampleScreen::row(int channel) const {
  return {tod_ + channel * block_.n_samples, static_cast<std::size_t>(block_.n_samples)};
}

// A level that is not known, NaN, is that of the others.
float SampleScreen::limit_of(double level) const {
  return static_cast<float>(limits_.max_counts_ratio * std::min(highest_level_, level));
}

std::size_t SampleScreen::reason_of(float value, float limit) const {
  if (std::isnan(value)) return 0;
  if (value <= 0.0F) return 1;
  return value <= limit && std::isfinite(value) ? kReasons : 2;
}

void SampleScreen::screen(const FeedBlock& block, float* tod, std::span<std::uint8_t> flags) {
  begin(block, tod, flags);
  screen_channels(0, block.n_channels);
  end();
}

void SampleScreen::begin(const FeedBlock& block, float* tod, std::span<std::uint8_t> flags) {
  block_ = block;
  tod_ = tod;
  flags_ = flags;
  std::ranges::fill(flags_, std::uint8_t{0});
  lost_.clear();
  for (auto& counts : n_wrong_) counts.clear();
  n_wrong_in_dead_ = {};
  n_live_ = 0;
  find_probes();
  find_repeats();
  if (block.scan >= 0) find_leaps();
  is_lost_ = block.scan >= 0 && is_quiet();
  if (is_lost_) std::ranges::fill(flags_, sample_flag::kQuiet);
}

/// Channels evenly over the band, each the next one that has power.
void SampleScreen::find_probes() {
  probes_.clear();
  std::vector<double> levels;
  const int step = std::max(1, block_.n_channels / kProbes);
  for (int first = 0; first < block_.n_channels; first += step) {
    for (int channel = first; channel < std::min(first + step, block_.n_channels); ++channel) {
      const int at = (channel - first + step / 2) % step + first;  // from the middle: ends of a band are the worst
      const double level = at < block_.n_channels ? level_of(row(at)) : kNan;
      if (std::isnan(level)) continue;
      probes_.push_back({row(at), 0.0F, level});
      levels.push_back(level);
      break;
    }
  }
  highest_level_ = levels.empty() ? std::numeric_limits<double>::infinity()
                                  : limits_.max_counts_ratio * median(std::span<const double>(levels));
  for (Probe& probe : probes_) probe.limit = limit_of(probe.level);
}

bool SampleScreen::is_repeat(const Probe& probe, std::size_t sample) const {
  const float value = probe.row[sample];
  return value == probe.row[sample - 1] && reason_of(value, probe.limit) == kReasons;
}

/// One probe says which samples could be repeats, the others which of them are not; hardly one is left to be compared
/// in all channels, where those without a value say nothing.
void SampleScreen::find_repeats() {
  if (probes_.empty()) return;
  std::vector<std::size_t> repeats;
  for (std::size_t t = 1; t < probes_[0].row.size(); ++t) {
    if (probes_[0].row[t] == probes_[0].row[t - 1]) repeats.push_back(t);
  }
  for (const Probe& probe : probes_) std::erase_if(repeats, [&](std::size_t t) { return !is_repeat(probe, t); });
  for (int channel = 0; channel < block_.n_channels && !repeats.empty(); ++channel) {
    const std::span<const float> values = row(channel);
    std::erase_if(repeats, [values](std::size_t t) {
      return values[t] != values[t - 1] && !(std::isnan(values[t]) && std::isnan(values[t - 1]));
    });
  }
  std::int64_t in_a_row = 0;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    in_a_row = i > 0 && repeats[i] == repeats[i - 1] + 1 ? in_a_row + 1 : 1;
    if (in_a_row <= limits_.max_repeats) continue;
    flags_[repeats[i]] = sample_flag::kRepeated;
    lost_.push_back(repeats[i]);
  }
}

/// Power of the band at each sample, relative to its level, by the probes; what is missing is that of the sample
/// before.
void SampleScreen::find_band_power() {
  const std::size_t n = probes_[0].row.size();
  scratch_.resize(n);
  float last = 1.0F;
  for (std::size_t t = 0; t < n; ++t) {
    double sum = 0.0;
    int n_known = 0;
    for (const Probe& probe : probes_) {
      const float value = probe.row[t];
      const bool is_known = value > 0.0F && std::isfinite(value);
      sum += is_known ? value / probe.level : 0.0;
      n_known += is_known ? 1 : 0;
    }
    last = n_known > 0 ? static_cast<float>(sum / n_known) : last;
    scratch_[t] = last;
  }
}

/// Neither sky nor air changes the power within a sample and back again; a step that stays is none of these.
void SampleScreen::find_leaps() {
  if (probes_.empty()) return;
  find_band_power();
  const auto longest = static_cast<std::size_t>(kLongestLeap_s / level1_.sample_time_s);
  const auto differs = [&](float power, float before, double most) {
    return std::abs(static_cast<double>(power) - static_cast<double>(before)) > most * static_cast<double>(before);
  };
  for (std::size_t t = 1; t < scratch_.size(); ++t) {
    const float before = scratch_[t - 1];
    if (!differs(scratch_[t], before, limits_.max_leap)) continue;
    std::size_t back = t + 1;
    const std::size_t latest = std::min(scratch_.size(), t + longest + 1);
    while (back < latest && differs(scratch_[back], before, 0.5 * limits_.max_leap)) ++back;
    if (back == latest) continue;
    for (; t < back; ++t) {
      flags_[t] |= sample_flag::kAbsurd;
      lost_.push_back(t);
    }
  }
}

bool SampleScreen::is_quiet() {
  if (!(difference_variance_ > 0.0)) return false;
  std::vector<double> ratios;
  for (const Probe& probe : probes_) {
    scratch_.assign(probe.row.begin(), probe.row.end());
    for (float& value : scratch_) value = value > 0.0F && value <= probe.limit ? value : kFloatNan;
    for (const std::size_t sample : lost_) scratch_[sample] = kFloatNan;
    const DifferenceStatistics noise = difference_statistics(scratch_);
    if (!(static_cast<double>(scratch_.size()) - noise.n_missing > kMinPairs)) continue;
    ratios.push_back(noise.mean_square / (probe.level * probe.level * difference_variance_));
  }
  return median(std::span<const double>(ratios)) < limits_.min_noise_ratio;
}

void SampleScreen::screen_channels(int first, int end) {
  for (int channel = first; channel < end; ++channel) {
    const std::span<float> values = row(channel);
    if (is_lost_) {
      std::ranges::fill(values, kFloatNan);
      continue;
    }
    screen_row(values);
    for (const std::size_t sample : lost_) values[sample] = kFloatNan;
  }
}

void SampleScreen::screen_row(std::span<float> values) {
  const Extremes extremes = extremes_of(values);
  // A level lies between the extremes: most rows need none.
  const bool has_power = extremes.highest > 0.0F;
  const bool spans_little = has_power && extremes.highest <= limit_of(extremes.lowest);
  const double level = spans_little ? extremes.lowest : level_of(values);
  const float limit = limit_of(level);
  if (!has_power || !(level <= limit)) return lose_row(values);
  ++n_live_;
  if (spans_little && extremes.all_positive) return;
  for (std::size_t start = 0; start < values.size(); start += kLanes) {
    const std::size_t end = std::min(start + kLanes, values.size());
    std::uint32_t n_good = 0;
    for (std::size_t t = start; t < end; ++t) n_good += values[t] > 0.0F && values[t] <= limit ? 1U : 0U;
    if (n_good < end - start) lose_samples(values, start, end, limit);
  }
}

/// A channel without power at any time.
void SampleScreen::lose_row(std::span<float> values) {
  for (const float value : values) ++n_wrong_in_dead_[std::isnan(value) ? 0 : value <= 0.0F ? 1 : 2];
  std::ranges::fill(values, kFloatNan);
}

void SampleScreen::lose_samples(std::span<float> values, std::size_t start, std::size_t end, float limit) {
  for (std::size_t t = start; t < end; ++t) {
    const std::size_t reason = reason_of(values[t], limit);
    if (reason == kReasons) continue;
    if (n_wrong_[reason].empty()) n_wrong_[reason].resize(values.size(), 0);
    ++n_wrong_[reason][t];
    values[t] = kFloatNan;
  }
}

void SampleScreen::end() {
  if (is_lost_) return;
  for (std::size_t reason = 1; reason < kReasons; ++reason) {
    if (n_live_ > 0 && n_wrong_in_dead_[reason] > 0) in_single_channels_ |= kReasonFlags[reason];
  }
  if (n_live_ > 0) return flag_shared();
  const auto most = std::ranges::max_element(n_wrong_in_dead_) - n_wrong_in_dead_.begin();
  std::ranges::fill(flags_, kReasonFlags[most]);
}

void SampleScreen::flag_shared() {
  const auto n_at = [&](std::size_t reason, std::size_t t) {
    return n_wrong_[reason].empty() ? std::uint32_t{0} : n_wrong_[reason][t];
  };
  if (std::ranges::all_of(n_wrong_, [](const auto& counts) { return counts.empty(); })) return;
  std::vector<std::size_t> shared;
  for (std::size_t t = 0; t < flags_.size(); ++t) {
    const std::uint32_t n = n_at(0, t) + n_at(1, t) + n_at(2, t);
    if (n == 0) continue;
    const bool is_shared = 2 * n > n_live_;
    for (std::size_t reason = 0; reason < kReasons; ++reason) {
      if (n_at(reason, t) == 0) continue;
      if (is_shared && 2 * n_at(reason, t) >= n) flags_[t] |= kReasonFlags[reason];
      if (!is_shared && reason > 0) in_single_channels_ |= kReasonFlags[reason];
    }
    if (is_shared) shared.push_back(t);
  }
  for (int channel = 0; channel < block_.n_channels && !shared.empty(); ++channel) {
    for (const std::size_t t : shared) row(channel)[t] = kFloatNan;
  }
}

}  // namespace comap
