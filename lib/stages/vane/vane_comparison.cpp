#include "stages/vane/vane_comparison.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "core/constants.hpp"
#include "math/median.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr double kMostZenithSky_K = 20.0;       ///< of atmosphere at 26-34 GHz, in bad weather
constexpr double kMostChangeDifference = 0.03;  ///< relative, of feeds under one sky
constexpr std::size_t kFewestFeeds = 3;         ///< of which one can be the odd one
constexpr double kPercent = 100.0;

/// Median over elements of the ratio of two events; NaN when they have none in common.
double typical_ratio(std::span<const float> above, std::span<const float> below) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size(); ++i) {
    ratios.push_back(static_cast<double>(above[i]) / static_cast<double>(below[i]));
  }
  return median(std::span<const double>(ratios));
}

/// Airmass of a feed in the middle of an event; NaN when its elevation is not known there.
double airmass_of(const ObservationContext& observation, int feed, std::size_t event) {
  const auto [start, end] = observation.vane_events[event];
  const std::int64_t middle = (start + end) / 2;
  const Level1Metadata& level1 = observation.level1;
  const double elevation_deg = feed_samples(level1, level1.elevation_deg, feed, {middle, middle + 1}).front();
  return 1.0 / std::sin(elevation_deg * kDegree_rad);
}

/// The events of one band of a feed.
class EventComparison {
 public:
  EventComparison(const ObservationContext& observation, int feed, int band, const SystemTemperatureConfig& config,
                  View<float, 3> tsys_K, View<float, 3> gain)
      : observation_(observation),
        feed_(feed),
        band_(band),
        config_(config),
        n_events_(observation.vane_events.size()),
        tsys_K_(tsys_K),
        gain_(gain) {}

  std::vector<Trouble> run() {
    const std::size_t lowest = lowest_event();
    for (std::size_t event = 0; event < n_events_; ++event) {
      if (event != lowest && contradicts(event, lowest)) leave_out(event, lowest);
    }
    for (std::size_t event = 0; event < n_events_; ++event) {
      if (event != lowest) compare_gains(event, lowest);
    }
    return std::move(troubles_);
  }

 private:
  double tsys_ratio(std::size_t event, std::size_t other) const {
    return typical_ratio(tsys_K_.row(event, band_), tsys_K_.row(other, band_));
  }

  /// The event with the lowest system temperature.
  std::size_t lowest_event() const {
    std::size_t lowest = 0;
    for (std::size_t event = 1; event < n_events_; ++event) {
      const bool has_lowest = std::isfinite(typical(lowest));
      if (!has_lowest || tsys_ratio(event, lowest) < 1.0) lowest = event;
    }
    return lowest;
  }

  double typical(std::size_t event) const { return median(std::span<const float>(tsys_K_.row(event, band_))); }

  bool contradicts(std::size_t event, std::size_t lowest) const {
    const double airmass_step =
        std::abs(airmass_of(observation_, feed_, event) - airmass_of(observation_, feed_, lowest));
    const double sky = std::isfinite(airmass_step) ? kMostZenithSky_K * airmass_step / typical(lowest) : 0.0;
    return tsys_ratio(event, lowest) > 1.0 + config_.max_event_difference + sky;
  }

  void leave_out(std::size_t event, std::size_t lowest) {
    std::ranges::fill(tsys_K_.row(event, band_), static_cast<float>(kNan));
    std::ranges::fill(gain_.row(event, band_), static_cast<float>(kNan));
    add(TroubleKind::vane_power,
        fmt::format(
            "system temperature in vane event {} more than {:g} % above that in event {}: the vane may cover the "
            "feed only partly",
            event + 1, kPercent * config_.max_event_difference, lowest + 1),
        "the event is not used");
  }

  void compare_gains(std::size_t event, std::size_t lowest) {
    const double ratio = typical_ratio(gain_.row(event, band_), gain_.row(lowest, band_));
    if (!(std::abs(ratio - 1.0) > config_.max_event_difference)) return;
    add(TroubleKind::calibration,
        fmt::format("gains in vane events {} and {} differ by more than {:g} %, system temperatures do not",
                    std::min(event, lowest) + 1, std::max(event, lowest) + 1, kPercent * config_.max_event_difference),
        fmt::format("used as event = \"{}\" says", config_.event));
  }

  void add(TroubleKind kind, std::string what, std::string done) {
    troubles_.push_back({kind, "system_temperature", "hk/antenna0/vane", std::move(what), std::move(done), {feed_}, 0});
  }

  const ObservationContext& observation_;
  int feed_;
  int band_;
  const SystemTemperatureConfig& config_;
  std::size_t n_events_;
  View<float, 3> tsys_K_;  ///< [event][band][channel]
  View<float, 3> gain_;
  std::vector<Trouble> troubles_;
};

}  // namespace

std::vector<Trouble> compare_vane_events(const ObservationContext& observation, int feed,
                                         const SystemTemperatureConfig& config, View<float, 3> tsys_K,
                                         View<float, 3> gain) {
  if (observation.vane_events.size() < 2) return {};
  // A trouble that several bands have is said once, with the bands.
  std::vector<std::pair<Trouble, std::vector<int>>> found;
  for (int band = 0; band < kBands; ++band) {
    EventComparison comparison(observation, feed, band, config, tsys_K, gain);
    for (Trouble& trouble : comparison.run()) {
      const auto same = std::ranges::find_if(found, [&](const auto& one) { return one.first.what == trouble.what; });
      if (same == found.end()) {
        found.push_back({std::move(trouble), {band}});
      } else {
        same->second.push_back(band);
      }
    }
  }
  std::vector<Trouble> troubles;
  for (auto& [trouble, bands] : found) {
    trouble.what += in_bands(bands, ",");
    troubles.push_back(std::move(trouble));
  }
  return troubles;
}

namespace {

/// Feeds for which a value differs from the median of all by more than a factor 1 + `most`, either way or only above.
std::vector<int> odd_feeds(const std::vector<int>& feeds, const std::vector<double>& values, double most,
                           bool below_too) {
  const auto n_known = std::ranges::count_if(values, [](double value) { return std::isfinite(value); });
  if (static_cast<std::size_t>(n_known) < kFewestFeeds) return {};
  const double typical = median(std::span<const double>(values));
  std::vector<int> odd;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const bool is_below = below_too && values[i] < typical / (1.0 + most);
    if (values[i] > typical * (1.0 + most) || is_below) odd.push_back(feeds[i]);
  }
  return odd;
}

/// Without a calibration an array without events.
View<const float, 3> tsys_of(const ProductTable& products) {
  if (!products.contains(level2::kSystemTemperature)) return {};
  return products.get(level2::kSystemTemperature);
}

/// Over channels and events; NaN without any.
double median_of_band(View<const float, 3> tsys_K, int band) {
  std::vector<float> of_band;
  for (Index event = 0; event < tsys_K.shape(0); ++event) {
    std::ranges::copy(tsys_K.row(event, band), std::back_inserter(of_band));
  }
  return median(std::span<const float>(of_band));
}

}  // namespace

std::vector<Trouble> compare_feed_temperatures(const std::vector<int>& feeds, const std::vector<ProductTable>& products,
                                               double most_excess) {
  std::map<std::vector<int>, std::vector<int>> bands_of;  // by the odd feeds
  for (int band = 0; band < kBands; ++band) {
    std::vector<double> typical_K;
    for (const ProductTable& table : products) typical_K.push_back(median_of_band(tsys_of(table), band));
    std::vector<int> odd = odd_feeds(feeds, typical_K, most_excess, false);
    if (!odd.empty()) bands_of[std::move(odd)].push_back(band);
  }
  std::vector<Trouble> troubles;
  for (const auto& [odd, bands] : bands_of) {
    troubles.push_back({TroubleKind::calibration, "system_temperature", "hk/antenna0/vane",
                        fmt::format("system temperature more than {:g} times that of the median feed{}",
                                    1.0 + most_excess, in_bands(bands, ",")),
                        "used; the vane may cover the feed only partly in every event", odd});
  }
  return troubles;
}

std::vector<Trouble> compare_event_changes(Index n_events, const std::vector<int>& feeds,
                                           const std::vector<ProductTable>& products) {
  std::vector<Trouble> troubles;
  for (Index event = 1; event < n_events; ++event) {
    std::vector<double> changes;
    for (const ProductTable& table : products) {
      const auto tsys = tsys_of(table);
      changes.push_back(tsys.empty() ? kNan : typical_ratio(tsys(event).flat(), tsys(0).flat()));
    }
    std::vector<int> odd = odd_feeds(feeds, changes, kMostChangeDifference, true);
    if (odd.empty()) continue;
    troubles.push_back(
        {TroubleKind::calibration, "system_temperature", "hk/antenna0/vane",
         fmt::format("system temperature changed from vane event 1 to {} by over {:g} % more or less than "
                     "that of the median feed",
                     event + 1, kPercent * kMostChangeDifference),
         "used; the vane may cover the feed only partly in one of them", std::move(odd)});
  }
  return troubles;
}

}  // namespace comap
