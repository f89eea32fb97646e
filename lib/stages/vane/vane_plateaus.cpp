#include "stages/vane/vane_plateaus.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr double kLargestLag_s = 10.0;         ///< that is looked for
constexpr double kLagResolution_s = 0.2;       ///< of edges of power and angle
constexpr double kOneSidedResolution_s = 0.5;  ///< when the vane is seen only to come or only to go
constexpr double kSmallestStep = 0.02;         ///< of the cold level; 0.14 at a system temperature of 2000 K
constexpr double kPlateauTolerance = 0.01;     ///< of hot - cold
constexpr double kLargestTolerance = 0.1;      ///< of hot - cold; noisier plateaus are none
constexpr double kMostContradictions = 0.5;    ///< of the samples at the rarer level
constexpr int kContradictionWeight = 4;        ///< against 1 for a sample of unknown angle
constexpr double kMostRagged = 0.1;            ///< of a load's samples
constexpr int kUsedChannels = 128;             ///< of a band, evenly spread, that are enough for its power and noise

/// Adds counts over their mean to `power`, and 1 to `n_used` where there are any.
void add_channel(std::span<const float> counts, std::vector<double>& power, std::vector<double>& n_used) {
  double sum = 0.0, n = 0.0;
  for (const float value : counts) {
    const bool is_finite = value - value == 0.0F;
    sum += is_finite ? value : 0.0;
    n += is_finite ? 1.0 : 0.0;
  }
  if (!(sum > 0.0)) return;
  const double scale = n / sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool is_finite = counts[i] - counts[i] == 0.0F;
    power[i] += is_finite ? counts[i] * scale : 0.0;
    n_used[i] += is_finite ? 1.0 : 0.0;
  }
}

/// Mean over every `step`-th channel of counts over the channel's mean [sample]; NaN where none has counts.
std::vector<double> band_power(const FeedBlock& block, int step) {
  const std::size_t n_samples = block.n_samples;
  std::vector<double> power(n_samples, 0.0), n_used(n_samples, 0.0);
  for (int channel = 0; channel < block.n_channels; channel += step) {
    add_channel(block.channel(channel), power, n_used);
  }
  for (std::size_t i = 0; i < n_samples; ++i) power[i] = n_used[i] > 0.0 ? power[i] / n_used[i] : kNan;
  return power;
}

int channel_step(const FeedBlock& block) { return std::max(1, block.n_channels / kUsedChannels); }

bool has_power(const std::vector<double>& power) {
  return std::ranges::any_of(power, [](double value) { return std::isfinite(value); });
}

struct Level {
  double value = kNan;
  double sigma = kNan;
};
struct Levels {
  Level cold;
  Level hot;
  double contrast() const { return hot.value - cold.value; }
  double middle() const { return 0.5 * (hot.value + cold.value); }
};

Level level_of(const std::vector<double>& values) {
  return {median(std::span<const double>(values)), mad_sigma(values)};
}

/// The two levels between which the power steps, each with at least `n_least` samples at it or beyond.
Levels find_levels(const std::vector<double>& power, std::size_t n_least) {
  std::vector<double> sorted;
  std::ranges::copy_if(power, std::back_inserter(sorted), [](double value) { return std::isfinite(value); });
  if (sorted.size() <= 2 * n_least) return {};
  std::ranges::sort(sorted);
  constexpr int kRounds = 3;
  Levels levels{{sorted[n_least], 0.0}, {sorted[sorted.size() - 1 - n_least], 0.0}};
  for (int round = 0; round < kRounds; ++round) {
    const auto split = std::ranges::upper_bound(sorted, levels.middle());
    levels = {level_of({sorted.begin(), split}), level_of({split, sorted.end()})};
  }
  return levels;
}

/// Samples by which the housekeeping is late.
struct Lag {
  double samples = 0.0;
  int n_contradictions = 0;   ///< samples at which power and angle then still contradict each other
  std::int64_t n_rarer = 0;   ///< samples at the rarer of the two levels
  bool is_two_sided = false;  ///< the angle is seen to come and to go
};

/// Samples at which power and angle contradict each other, each counted as `weight`; one of unknown angle counts 1.
int contradictions(const std::vector<VanePosition>& power, std::span<const VanePosition> angle, int weight) {
  int count = 0;
  for (std::size_t i = 0; i < power.size(); ++i) {
    const bool is_known = power[i] != VanePosition::unknown;
    const int of_sample = angle[i] == VanePosition::unknown ? 1 : (angle[i] != power[i] ? weight : 0);
    count += is_known ? of_sample : 0;
  }
  return count;
}

bool comes_and_goes(std::span<const VanePosition> angle) {
  bool comes = false, goes = false;
  for (std::size_t i = 1; i < angle.size(); ++i) {
    comes = comes || (angle[i - 1] == VanePosition::out && angle[i] == VanePosition::in);
    goes = goes || (angle[i - 1] == VanePosition::in && angle[i] == VanePosition::out);
  }
  return comes && goes;
}

/// The middle of the shifts of least contradiction: the angle may cross half-way before the power does when the vane
/// moves in, but then it crosses later by as much when it moves out.
Lag find_lag(const std::vector<double>& power, double middle, const ProposedLoads& proposed) {
  std::vector<VanePosition> by_power;
  for (const double value : power) {
    by_power.push_back(std::isnan(value) ? VanePosition::unknown
                       : value > middle  ? VanePosition::in
                                         : VanePosition::out);
  }
  int least = std::numeric_limits<int>::max();
  double sum = 0.0, n = 0.0;
  for (std::int64_t shift = -proposed.margin; shift <= proposed.margin; ++shift) {
    const auto angle = std::span(proposed.positions).subspan(proposed.margin + shift);
    const int cost = contradictions(by_power, angle, kContradictionWeight);
    if (cost < least) {
      least = cost;
      sum = n = 0.0;
    }
    if (cost > least) continue;
    sum += static_cast<double>(shift);
    n += 1.0;
  }
  const std::int64_t best = std::llround(sum / n);
  const auto angle = std::span(proposed.positions).subspan(proposed.margin + best, by_power.size());
  const std::int64_t n_in = std::ranges::count(by_power, VanePosition::in);
  const std::int64_t n_out = std::ranges::count(by_power, VanePosition::out);
  return {sum / n, least / kContradictionWeight, std::min(n_in, n_out), comes_and_goes(angle)};
}

/// Relative scatter of successive samples of one channel on the plateaus over what the radiometer equation says.
double noise_ratio(std::span<const float> counts, const std::vector<Load>& loads, Load load, double radiometer) {
  double sum = 0.0, n = 0.0, squares = 0.0;
  for (std::size_t i = 0; i + 1 < loads.size(); ++i) {
    if (loads[i] != load || loads[i + 1] != load) continue;
    const double first = counts[i], second = counts[i + 1];
    if (!std::isfinite(first + second)) continue;
    sum += first;
    squares += 0.5 * (second - first) * (second - first);
    n += 1.0;
  }
  return n > 0.0 && sum > 0.0 ? std::sqrt(squares / n) / (sum / n) / radiometer : kNan;
}

/// Why the noise on the plateaus is not that of a receiver; empty when it is, or when the file does not say how wide
/// channels are.
std::string wrong_noise(const FeedBlock& block, const Level1Metadata& level1, const std::vector<Load>& loads,
                        const SystemTemperatureConfig& config) {
  if (level1.n_channels < 2) return "";
  const auto frequency = level1.frequencies_GHz(block.band);
  const double width_Hz = std::abs(frequency[1] - frequency[0]) * kHertzPerGigahertz;
  if (!(width_Hz > 0.0)) return "";
  const double radiometer = 1.0 / std::sqrt(width_Hz * level1.sample_time_s);
  const int step = channel_step(block);
  for (const auto& [load, name] : {std::pair{Load::hot, "hot"}, {Load::cold, "cold"}}) {
    std::vector<double> ratios;
    for (int channel = 0; channel < block.n_channels; channel += step) {
      ratios.push_back(noise_ratio(block.channel(channel), loads, load, radiometer));
    }
    const double typical = median(std::span<const double>(ratios));
    if (typical > config.max_radiometer_ratio || typical < 1.0 / config.max_radiometer_ratio) {
      return fmt::format("noise of the {} samples {} than {} times that of the radiometer equation", name,
                         typical > 1.0 ? "more" : "less",
                         typical > 1.0 ? config.max_radiometer_ratio : 1.0 / config.max_radiometer_ratio);
    }
  }
  return "";
}

/// Takes the samples off their plateau out of `loads`; true when they are more than a tenth of a load's.
bool clip_to_plateaus(const std::vector<double>& power, const Levels& levels, double plateau_sigma,
                      std::vector<Load>& loads) {
  bool is_ragged = false;
  for (const auto& [load, level] : {std::pair{Load::hot, levels.hot}, {Load::cold, levels.cold}}) {
    const double tolerance = std::max(plateau_sigma * level.sigma, kPlateauTolerance * levels.contrast());
    double n = 0.0, n_off = 0.0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      if (loads[i] != load || std::isnan(power[i])) continue;  // without counts it does not enter the means
      n += 1.0;
      if (std::abs(power[i] - level.value) <= tolerance) continue;
      loads[i] = Load::none;
      n_off += 1.0;
    }
    is_ragged = is_ragged || n_off > kMostRagged * n;
  }
  return is_ragged;
}

void refuse(Plateaus& plateaus, TroubleKind kind, std::string why) {
  plateaus.kind = kind;
  plateaus.unusable = std::move(why);
}

/// False when power and angle cannot be of one vane.
bool apply_lag(const std::vector<double>& power, const Levels& levels, const Level1Metadata& level1,
               const ProposedLoads& proposed, const SystemTemperatureConfig& config, Plateaus& plateaus) {
  const Lag lag = find_lag(power, levels.middle(), proposed);
  if (static_cast<double>(lag.n_contradictions) > kMostContradictions * static_cast<double>(lag.n_rarer)) {
    refuse(plateaus, TroubleKind::vane_power, "the power does not follow the angle of the vane");
    return false;
  }
  const double lag_s = lag.samples * level1.sample_time_s;
  const double resolution_s = lag.is_two_sided ? kLagResolution_s : kOneSidedResolution_s;
  if (!(std::abs(lag_s) > std::fmax(proposed.row_spacing_s, resolution_s))) return true;
  plateaus.lag_s = lag_s;
  if (std::abs(lag_s) > config.max_housekeeping_lag_s) {
    refuse(plateaus, TroubleKind::housekeeping_clock,
           fmt::format("the housekeeping's times are {} against the power, more than {} s", late_or_early(lag_s),
                       config.max_housekeeping_lag_s));
    return false;
  }
  plateaus.loads = loads_of_event(level1, proposed.event, config, lag_s);
  return true;
}

}  // namespace

std::string late_or_early(double lag_s) {
  return fmt::format("{:.1f} s {}", std::abs(lag_s), lag_s > 0 ? "late" : "early");
}

ProposedLoads propose_loads(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config) {
  ProposedLoads proposed;
  proposed.event = event;
  proposed.loads = loads_of_event(level1, event, config);
  proposed.row_spacing_s = row_spacing_s(level1.vane.utc_mjd);
  proposed.margin = std::llround(kLargestLag_s / level1.sample_time_s);
  const SampleRange wanted = {event[0] - proposed.margin, event[1] + proposed.margin};
  const SampleRange there = {std::max<std::int64_t>(wanted[0], 0), std::min(wanted[1], level1.n_samples)};
  proposed.positions.assign(wanted[1] - wanted[0], VanePosition::unknown);
  std::ranges::copy(vane_positions(level1, event, there, config), proposed.positions.begin() + (there[0] - wanted[0]));
  return proposed;
}

Plateaus find_plateaus(const FeedBlock& block, const Level1Metadata& level1, const ProposedLoads& proposed,
                       const SystemTemperatureConfig& config) {
  Plateaus plateaus;
  plateaus.loads = proposed.loads;
  std::vector<double> power = band_power(block, channel_step(block));
  if (!has_power(power)) power = band_power(block, 1);
  if (!has_power(power)) {
    refuse(plateaus, TroubleKind::calibration, "no counts");
    return plateaus;
  }
  const double half_plateau = 0.5 * config.min_plateau_s / level1.sample_time_s;
  const Levels levels = find_levels(power, static_cast<std::size_t>(half_plateau));
  const double tolerance = config.plateau_sigma * std::max(levels.hot.sigma, levels.cold.sigma);
  if (!(levels.contrast() > kSmallestStep * levels.cold.value && tolerance <= kLargestTolerance * levels.contrast())) {
    refuse(plateaus, TroubleKind::vane_power, "the power does not step between two levels");
    return plateaus;
  }
  if (!apply_lag(power, levels, level1, proposed, config, plateaus)) return plateaus;
  plateaus.is_ragged = clip_to_plateaus(power, levels, config.plateau_sigma, plateaus.loads);
  std::vector<Load> measured = plateaus.loads;
  for (std::size_t i = 0; i < measured.size(); ++i) measured[i] = std::isnan(power[i]) ? Load::none : measured[i];
  if (const std::string missing = missing_load(measured, level1.sample_time_s, config); !missing.empty()) {
    refuse(plateaus, TroubleKind::vane_power, missing + " on one level of the power");
    return plateaus;
  }
  if (const std::string noise = wrong_noise(block, level1, plateaus.loads, config); !noise.empty()) {
    refuse(plateaus, TroubleKind::calibration, noise);
  }
  return plateaus;
}

}  // namespace comap
