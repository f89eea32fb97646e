#include "stages/vane/system_temperature.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/observation.hpp"
#include "math/median.hpp"
#include "stages/feed_row.hpp"
#include "stages/vane/following_calibration.hpp"
#include "stages/vane/housekeeping.hpp"
#include "stages/vane/load_temperature.hpp"
#include "stages/vane/vane_comparison.hpp"
#include "stages/vane/vane_plateaus.hpp"

namespace comap {
namespace {

/// A vane event as the metadata have it, the same for all feeds.
struct EventSetup {
  ProposedLoads proposed;
  LoadTemperature load;
  std::string unusable;  ///< why no feed is calibrated by it; empty: may be used
};

EventSetup set_up_event(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config) {
  EventSetup setup{propose_loads(level1, event, config), load_temperature(level1, event, config), ""};
  setup.unusable = missing_load(setup.proposed.loads, level1.sample_time_s, config);
  if (setup.unusable.empty() && std::isnan(setup.load.temperature_K)) setup.unusable = "no temperature of the load";
  return setup;
}

Trouble unused_event(TroubleKind kind, std::size_t event, const std::string& why) {
  return {kind, "system_temperature", "hk/antenna0/vane", fmt::format("vane event {}: {}", event + 1, why),
          "the event is not used"};
}

/// A sum over finite values.
struct Sum {
  double sum = 0.0;
  double n = 0.0;

  void add(std::span<const float> values) {
    constexpr std::size_t kLanes = 16;  // independent partial sums, so that the loop uses vectors
    std::array<double, kLanes> sums{};
    std::array<double, kLanes> counts{};
    const auto add_one = [&](std::size_t lane, float value) {
      const bool finite = value - value == 0.0F;
      sums[lane] += finite ? static_cast<double>(value) : 0.0;
      counts[lane] += finite ? 1.0 : 0.0;
    };
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) add_one(lane, values[i + lane]);
    }
    for (; i < values.size(); ++i) add_one(i % kLanes, values[i]);
    sum = std::accumulate(sums.begin(), sums.end(), sum);
    n = std::accumulate(counts.begin(), counts.end(), n);
  }
  double mean() const { return sum / n; }
};

/// The outcome of one event of a feed.
struct EventOutcome {
  std::array<Plateaus, kBands> bands;
  std::int64_t n_measured = 0;    ///< channels with hot and cold counts
  std::int64_t n_impossible = 0;  ///< those of them with a system temperature that cannot be
};

class SystemTemperatureWorker final : public FeedWorker {
 public:
  SystemTemperatureWorker(const ObservationContext& observation, const SystemTemperatureConfig& config, int feed,
                          ProductTable& products)
      : observation_(observation),
        config_(config),
        feed_(feed),
        products_(products),
        outcomes_(observation.vane_events.size()) {
    for (const SampleRange& event : observation.vane_events) {
      setups_.push_back(set_up_event(observation.level1, event, config));
    }
    const auto shape = shape_of(observation.vane_events.size(), kBands, observation.level1.n_channels);
    for (auto* values : {&tsys_K_, &gain_}) *values = Array(shape, kFloatNan);
  }

  /// A block is a whole event of one band.
  void consume_vane(const FeedBlock& block) override {
    const auto event = static_cast<std::size_t>(block.scan);
    const EventSetup& setup = setups_.at(event);
    if (!setup.unusable.empty()) return;
    Plateaus& plateaus = outcomes_[event].bands.at(block.band);
    plateaus = find_plateaus(block, observation_.level1, setup.proposed, config_);
    if (plateaus.unusable.empty()) calibrate(block, event, plateaus.loads);
  }

  void finish_vane() override {
    for (std::size_t event = 0; event < outcomes_.size(); ++event) finish_event(event);
    std::ranges::move(compare_vane_events(observation_, feed_, config_, tsys_K_, gain_),
                      std::back_inserter(products_.troubles));
    if (std::ranges::none_of(gain_.flat(), [](float gain) { return std::isfinite(gain); })) {
      add({TroubleKind::calibration, "system_temperature", "hk/antenna0/vane", "no vane event gives a gain",
           "the feed is missing"});
    }
    products_.set(level2::kSystemTemperature, std::move(tsys_K_));
    products_.set(level2::kGain, std::move(gain_));
  }

 private:
  struct Means {
    double hot;
    double cold;
  };

  static Means means(std::span<const float> counts, std::span<const Load> loads) {
    std::array<Sum, 3> sums{};
    for (std::size_t start = 0; start < loads.size();) {
      std::size_t end = start + 1;
      while (end < loads.size() && loads[end] == loads[start]) ++end;
      if (loads[start] != Load::none) {
        sums[static_cast<std::size_t>(loads[start])].add(counts.subspan(start, end - start));
      }
      start = end;
    }
    return {sums[static_cast<std::size_t>(Load::hot)].mean(), sums[static_cast<std::size_t>(Load::cold)].mean()};
  }

  void calibrate(const FeedBlock& block, std::size_t event, std::span<const Load> loads) {
    EventOutcome& outcome = outcomes_[event];
    const double hot_K = setups_[event].load.temperature_K;
    for (int channel = 0; channel < block.n_channels; ++channel) {
      const auto [hot, cold] = means(block.channel(channel), loads);
      if (!std::isfinite(hot + cold)) continue;
      ++outcome.n_measured;
      const TsysAndGain result = tsys_from_vane(hot, cold, hot_K, config_.cold_temperature_K);
      if (!(result.system_temperature_K >= config_.min_system_temperature_K &&
            result.system_temperature_K <= config_.max_system_temperature_K)) {
        ++outcome.n_impossible;
        continue;
      }
      tsys_K_(event, block.band, channel) = static_cast<float>(result.system_temperature_K);
      gain_(event, block.band, channel) = static_cast<float>(result.gain_counts_per_K);
    }
  }

  void finish_event(std::size_t event) {
    const EventOutcome& outcome = outcomes_[event];
    if (!setups_[event].unusable.empty()) return;  // said by prepare()
    report_bands(event);
    report_lag(event);
    if (std::ranges::any_of(outcome.bands, &Plateaus::is_ragged)) {
      add({TroubleKind::vane_power, "system_temperature", "hk/antenna0/vane/angle",
           fmt::format("vane event {}: more than a tenth of the hot or cold samples are not at one level of the power",
                       event + 1),
           "these samples are left out"});
    }
    if (2 * outcome.n_impossible <= outcome.n_measured) return;
    for (auto* values : {&tsys_K_, &gain_}) {
      std::ranges::fill((*values)(event).flat(), kFloatNan);
    }
    add(unused_event(TroubleKind::calibration, event,
                     fmt::format("most channels have a system temperature outside {:g} to {:g} K",
                                 config_.min_system_temperature_K, config_.max_system_temperature_K)));
  }

  /// One trouble for each reason why bands are not calibrated by an event.
  void report_bands(std::size_t event) {
    std::map<std::string, std::vector<std::size_t>> bands_by_reason;
    const auto& bands = outcomes_[event].bands;
    for (std::size_t band = 0; band < kBands; ++band) {
      if (!bands[band].unusable.empty()) bands_by_reason[bands[band].unusable].push_back(band);
    }
    for (const auto& [reason, which] : bands_by_reason) {
      const std::string of_bands = which.size() < kBands ? fmt::format(" of bands {}", fmt::join(which, ", ")) : "";
      add(unused_event(bands[which.front()].kind, event, reason + of_bands));
    }
  }

  void report_lag(std::size_t event) {
    std::vector<double> lags_s;
    for (const Plateaus& band : outcomes_[event].bands) {
      if (band.lag_s != 0.0 && band.unusable.empty()) lags_s.push_back(band.lag_s);
    }
    if (lags_s.empty()) return;
    add({TroubleKind::housekeeping_clock, "system_temperature", "hk/antenna0/vane/utc",
         fmt::format("vane event {}: the times are {} against the power", event + 1,
                     late_or_early(median(std::span<const double>(lags_s)))),
         "hot and cold samples are taken by the corrected times"});
  }

  void add(Trouble trouble) {
    trouble.feeds = {feed_};
    products_.troubles.push_back(std::move(trouble));
  }

  const ObservationContext& observation_;
  const SystemTemperatureConfig& config_;
  int feed_;
  ProductTable& products_;
  std::vector<EventSetup> setups_;
  std::vector<EventOutcome> outcomes_;
  Array<float, 3> tsys_K_;  ///< [event][band][channel]
  Array<float, 3> gain_;    ///< [event][band][channel]
};

/// Hands out the calibration that prepare() took from another observation.
class FollowingWorker final : public FeedWorker {
 public:
  FollowingWorker(const ObservationContext& observation, int feed, ProductTable& products)
      : observation_(observation), row_(row_of_feed(observation.level1, feed)), products_(products) {}

  void finish_vane() override {
    products_.set(level2::kSystemTemperature, own_row(observation_.following->system_temperature_K));
    products_.set(level2::kGain, own_row(observation_.following->gain));
  }

 private:
  Array<float, 3> own_row(const Array<float, 4>& all) const {
    Array<float, 3> values(shape_of(all.shape(0), all.shape(2), all.shape(3)));
    for (Index event = 0; event < all.shape(0); ++event) {
      std::ranges::copy(all(event, row_).flat(), values(event).flat().begin());
    }
    return values;
  }

  const ObservationContext& observation_;
  std::size_t row_;
  ProductTable& products_;
};

/// Mid times of the vane events.
Array<double, 1> mid_times(const ObservationContext& observation) {
  const std::vector<double>& mjd = observation.level1.mjd;
  std::vector<double> middle;
  for (const SampleRange& event : observation.vane_events) {
    middle.push_back(0.5 * (mjd[event[0]] + mjd[event[1] - 1]));
  }
  return Array<double, 1>(std::move(middle));
}

/// Without a usable event of its own a sky dip takes those of the next observation.
void calibrate_from_following(ObservationContext& observation) {
  observation.following = read_following_calibration(observation);
  observation.vane_events.clear();
  observation.products.set(level2::kVaneEventMjd, observation.following->event_mjd);
}

/// An observation of which no feed is calibrated holds nothing: throws ObservationError with what the feeds say.
void require_a_gain(const ObservationContext& observation, const std::vector<ProductTable>& feeds) {
  std::vector<Trouble> reasons;
  bool has_calibration = false;
  for (const ProductTable& products : feeds) {
    if (!products.contains(level2::kGain)) continue;
    has_calibration = true;
    const auto gain = products.flat(level2::kGain);
    if (std::ranges::any_of(gain, [](float value) { return std::isfinite(value); })) return;
    std::ranges::copy_if(products.troubles, std::back_inserter(reasons),
                         [](const Trouble& trouble) { return trouble.stage == "system_temperature"; });
  }
  if (!has_calibration) return;
  std::string text;
  for (Trouble& reason : merged(reasons)) {
    reason.done.clear();
    text += "; " + describe(reason);
  }
  throw ObservationError(observation.level1.path, "no feed has a gain" + text);
}

}  // namespace

TsysAndGain tsys_from_vane(double hot_counts, double cold_counts, double hot_temperature_K, double cold_temperature_K) {
  if (!(cold_counts > 0.0 && hot_counts > cold_counts)) return {kNan, kNan};
  const double y = hot_counts / cold_counts;
  return {(hot_temperature_K - y * cold_temperature_K) / (y - 1.0),
          (hot_counts - cold_counts) / (hot_temperature_K - cold_temperature_K)};
}

void bind(Binder& binder, SystemTemperatureConfig& config) {
  constexpr Limits kLoad_C = {-100, 100};
  binder.number("vane_hot_margin_deg", config.vane_hot_margin_deg, {kAboveZero, 90},
                "hot: vane angle below the smallest of the event plus this [deg]");
  binder.number("vane_cold_angle_deg", config.vane_cold_angle_deg, {0, 360}, "cold: vane angle above this [deg]");
  binder.number("hk_time_offset_s", config.hk_time_offset_s, {-60, 60}, "taken off the times of the housekeeping [s]");
  binder.number("cold_temperature_K", config.cold_temperature_K, {0, 300}, "T_cold of the vane equations [K]");
  binder.choice("event", config.event, {"first", "mean", "interpolate"}, "which vane event calibrates");
  binder.number("max_row_spacings", config.max_row_spacings, {kAboveZero},
                "no load from housekeeping rows further away than this [median spacings]");
  binder.number("min_vane_temperature_C", config.min_vane_temperature_C, kLoad_C,
                "colder loads are implausible [deg C]");
  binder.number("max_vane_temperature_C", config.max_vane_temperature_C, kLoad_C,
                "hotter loads are implausible [deg C]");
  binder.number("max_vane_disagreement_K", config.max_vane_disagreement_K, {kAboveZero},
                "between the sensors of the load, before the odd one is left out [K]");
  binder.number("plateau_sigma", config.plateau_sigma, {kAboveZero}, "samples further off are not on their plateau");
  binder.number("min_plateau_s", config.min_plateau_s, {0},
                "of hot and of cold samples; less: the event is not used [s]");
  binder.number("max_housekeeping_lag_s", config.max_housekeeping_lag_s, {kAboveZero},
                "between power and vane angle; more: the event is not used [s]");
  binder.without_effect().number("max_feed_excess", config.max_feed_excess, {kAboveZero},
                                 "relative, of a feed's system temperature over the median feed's; more: said");
  binder.number("max_event_difference", config.max_event_difference, {kAboveZero},
                "relative, of a feed's gain in an event to the other event");
  binder.number("min_system_temperature_K", config.min_system_temperature_K, {0}, "of a channel; less: no value [K]");
  binder.number("max_system_temperature_K", config.max_system_temperature_K, {kAboveZero},
                "of a channel; more: no value [K]");
  binder.number("max_radiometer_ratio", config.max_radiometer_ratio, {1},
                "noise on a plateau over the radiometer equation, or under it; more: the event is not used");
}

void SystemTemperature::prepare(ObservationContext& observation) const {
  const Level1Metadata& level1 = observation.level1;
  require_common_times(level1);
  VaneEvents found = find_vane_events(level1, config_);
  observation.vane_events = std::move(found.events);
  std::string reasons;
  bool any_usable = false;
  for (std::size_t event = 0; event < observation.vane_events.size(); ++event) {
    const EventSetup setup = set_up_event(level1, observation.vane_events[event], config_);
    any_usable = any_usable || setup.unusable.empty();
    if (setup.load.trouble) found.troubles.push_back(*setup.load.trouble);
    if (setup.unusable.empty()) continue;
    const bool has_temperature = std::isfinite(setup.load.temperature_K);
    found.troubles.push_back(
        unused_event(has_temperature ? TroubleKind::vane_power : TroubleKind::vane_temperature, event, setup.unusable));
    reasons += fmt::format("; event {}: {}", event + 1, setup.unusable);
  }
  std::ranges::move(found.troubles, std::back_inserter(observation.troubles));
  std::ranges::move(odd_temperatures(level1, config_), std::back_inserter(observation.troubles));
  if (!any_usable && observation.source_group == kSkyDipGroup) return calibrate_from_following(observation);
  if (found.n_runs == 0) {
    throw ObservationError(level1.path,
                           fmt::format("hk/array/frame/features: no vane event (a run of feature {})", kVaneFeature));
  }
  if (!any_usable) {
    throw ObservationError(
        level1.path,
        fmt::format("hk/antenna0/vane/angle: no vane event has hot and cold samples ({} run{} of feature {}{})",
                    found.n_runs, found.n_runs == 1 ? "" : "s", kVaneFeature, reasons));
  }
  observation.products.set(level2::kVaneEventMjd, mid_times(observation));
}

std::unique_ptr<FeedWorker> SystemTemperature::start_feed(const ObservationContext& observation, int feed,
                                                          ProductTable& products) const {
  if (observation.following) {
    return std::make_unique<FollowingWorker>(observation, feed, products);
  }
  return std::make_unique<SystemTemperatureWorker>(observation, config_, feed, products);
}

nlohmann::json SystemTemperature::summary(const ObservationContext& observation,
                                          const std::vector<ProductTable>& feeds) const {
  require_a_gain(observation, feeds);
  std::vector<float> all;
  for (const ProductTable& products : feeds) {
    if (!products.contains(level2::kSystemTemperature)) continue;
    const auto values = products.flat(level2::kSystemTemperature);
    all.insert(all.end(), values.begin(), values.end());
  }
  return {{"median_tsys", static_cast<double>(median(std::span<const float>(all)))}};
}

std::vector<Trouble> SystemTemperature::compare_feeds(const ObservationContext& observation,
                                                      const std::vector<int>& feeds,
                                                      const std::vector<ProductTable>& products) const {
  std::vector<Trouble> troubles = compare_feed_temperatures(feeds, products, config_.max_feed_excess);
  const Index n_events = observation.products.get(level2::kVaneEventMjd).size();
  std::ranges::move(compare_event_changes(n_events, feeds, products), std::back_inserter(troubles));
  return troubles;
}

}  // namespace comap
