#include "map/null_test/splits.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>

#include "core/error.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

/// Indices of the used observations in the order of obsid, which is that of time.
std::vector<std::size_t> in_order(const std::vector<SplitObservation>& observations) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    if (observations[i].used) order.push_back(i);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return observations[i].obsid; });
  return order;
}

/// A split with a label for each observation: `label_of(observation)`.
template <typename LabelOf>
Split by_observation(std::string name, std::vector<std::string> labels,
                     const std::vector<SplitObservation>& observations, LabelOf label_of) {
  Split split{.name = std::move(name), .labels = std::move(labels), .of_observation = {}, .of_feed = {}};
  for (const SplitObservation& observation : observations) {
    split.of_observation.push_back(observation.used ? label_of(observation) : kNoLabel);
  }
  return split;
}

Split per_feed(const MapmakeConfig& config) {
  Split split{.name = "per_feed", .labels = {}, .by_feed = true, .of_observation = {}, .of_feed = {}};
  std::vector<int> feeds = config.feeds;
  std::ranges::sort(feeds);
  split.of_feed.assign(feeds.back() + 1, kNoLabel);
  for (const int feed : feeds) {
    split.of_feed[feed] = static_cast<int>(split.labels.size());
    split.labels.push_back(fmt::format("feed{:02}", feed));
  }
  return split;
}

Split day_night(double threshold_deg, const std::vector<SplitObservation>& observations) {
  return by_observation("day_night", {"day", "night"}, observations, [=](const SplitObservation& observation) {
    if (!std::isfinite(observation.sun_elevation_deg)) return kNoLabel;
    return observation.sun_elevation_deg > threshold_deg ? 0 : 1;
  });
}

Split odd_even_scans() {
  return {.name = "odd_even_scans",
          .labels = {"odd_scans", "even_scans"},
          .by_scan = true,
          .of_observation = {},
          .of_feed = {}};
}

Split alternate_observations(const std::vector<SplitObservation>& observations) {
  Split split{.name = "alternate_observations",
              .labels = {"odd_observations", "even_observations"},
              .of_observation = std::vector<int>(observations.size(), kNoLabel),
              .of_feed = {}};
  int place = 0;
  for (const std::size_t i : in_order(observations)) split.of_observation[i] = ++place % 2;
  return split;
}

Split halves(const std::vector<SplitObservation>& observations) {
  Split split{.name = "halves",
              .labels = {"first_half", "second_half"},
              .of_observation = std::vector<int>(observations.size(), kNoLabel),
              .of_feed = {}};
  const std::vector<std::size_t> order = in_order(observations);
  std::int64_t total = 0, before = 0;
  for (const std::size_t i : order) total += observations[i].n_samples;
  for (const std::size_t i : order) {
    // The half in which the middle of the observation lies.
    split.of_observation[i] = 2 * before + observations[i].n_samples <= total ? 0 : 1;
    before += observations[i].n_samples;
  }
  return split;
}

/// 0 for December to February.
int season(double mjd) {
  const int month = std::atoi(format_utc_start(mjd).substr(5, 2).c_str());
  return month % 12 / 3;
}

Split seasons(const std::vector<SplitObservation>& observations) {
  return by_observation("seasons", {"winter", "spring", "summer", "autumn"}, observations,
                        [](const SplitObservation& observation) {
                          return std::isfinite(observation.start_mjd) ? season(observation.start_mjd) : kNoLabel;
                        });
}

Split custom(const MapmakeConfig& config, const std::vector<SplitObservation>& observations) {
  std::vector<std::string> names;
  std::map<std::int64_t, int> group_of;
  for (const auto& [name, obsids] : config.split_groups) {
    for (const std::int64_t obsid : obsids) group_of[obsid] = static_cast<int>(names.size());
    names.push_back(name);
  }
  return by_observation("custom", names, observations, [&](const SplitObservation& observation) {
    const auto found = group_of.find(observation.obsid);
    return found == group_of.end() ? kNoLabel : found->second;
  });
}

Split make_split(const std::string& name, const MapmakeConfig& config,
                 const std::vector<SplitObservation>& observations) {
  if (name == "none") return by_observation(name, {""}, observations, [](const auto&) { return 0; });
  if (name == "per_feed") return per_feed(config);
  if (name == "day_night") return day_night(config.sun_elevation_threshold_deg, observations);
  if (name == "odd_even_scans") return odd_even_scans();
  if (name == "alternate_observations") return alternate_observations(observations);
  if (name == "halves") return halves(observations);
  if (name == "seasons") return seasons(observations);
  if (name == "custom") return custom(config, observations);
  throw Bug("there is no split " + name);
}

void check_labels(const std::vector<Split>& splits) {
  std::map<std::string, std::string> split_of;
  for (const Split& split : splits) {
    for (const std::string& label : split.labels) {
      const auto [found, is_new] = split_of.try_emplace(label, split.name);
      if (is_new) continue;
      throw ConfigError(
          fmt::format("[mapmake] split: {} and {} both have a label \"{}\"; rename the group in split_groups",
                      found->second, split.name, label));
    }
  }
}

}  // namespace

int Split::label(std::size_t observation, int feed, std::size_t scan) const {
  if (by_feed) return of_feed.at(feed);
  if (by_scan) return scan % 2 == 1 ? 0 : 1;
  return of_observation.at(observation);
}

std::vector<Split> make_splits(const MapmakeConfig& config, const std::vector<SplitObservation>& observations) {
  std::vector<Split> splits;
  for (const std::string& name : config.split) splits.push_back(make_split(name, config, observations));
  check_labels(splits);
  return splits;
}

}  // namespace comap
