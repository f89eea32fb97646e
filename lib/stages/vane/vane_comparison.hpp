#pragma once
/// \file
/// Calibrations held against each other: the vane events of a feed, and the feeds of an observation.

#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Makes NaN what a feed measured in vane events that contradict another one, and says so.
///
/// A vane that covers a feed partly, or not all the time, can only lower the hot power and raise the cold one: the gain
/// comes out too small and the system temperature too high, while a drift of the gain leaves the system temperature as
/// it is. Of events of a band whose system temperatures (median over channels of their ratio) differ by more than
/// `max_event_difference` and what 20 K of zenith sky can add at their elevations, the one with the lower is right.
/// Gains that differ by more than `max_event_difference` all the same are said, too.
/// `tsys_K`, `gain`: [event][element]. Returns troubles of this feed.
std::vector<Trouble> compare_vane_events(const ObservationContext& observation, int feed,
                                         const SystemTemperatureConfig& config, View<float, 3> tsys_K,
                                         View<float, 3> gain);

/// Feeds whose system temperature in a band (median over channels and events) exceeds that of the median feed by more
/// than `most_excess` of it: the vane may cover them partly in every event. `feeds`: feed numbers; `products`: of each.
std::vector<Trouble> compare_feed_temperatures(const std::vector<int>& feeds, const std::vector<ProductTable>& products,
                                               double most_excess);

/// Feeds whose system temperature changed between vane events by more than 3 % otherwise than that of the median feed,
/// which sees the same sky: the vane may cover them partly in one.
std::vector<Trouble> compare_event_changes(Index n_events, const std::vector<int>& feeds,
                                           const std::vector<ProductTable>& products);

}  // namespace comap
