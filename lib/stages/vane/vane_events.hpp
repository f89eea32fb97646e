#pragma once
/// \file
/// Vane events by what the housekeeping says: where they are, and which load fills the beam.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "stages/vane/housekeeping.hpp"

namespace comap {

enum class Load : std::uint8_t { none, hot, cold };

/// Runs of the vane feature of the array in which the vane moves, in order of time. Interruptions shorter than 0.5 s or
/// two rows of housekeeping do not end a run.
struct VaneEvents {
  std::vector<SampleRange> events;
  std::vector<Trouble> troubles;  ///< runs in which the vane stands still, and missing rows beside vane events
  int n_runs = 0;                 ///< with those in which it stands still
};
VaneEvents find_vane_events(const Level1Metadata& level1, const SystemTemperatureConfig& config);

/// Load at each sample of an event, housekeeping times being `lag_s` later than `hk_time_offset_s` says: hot where the
/// angle is below the event's lowest + `vane_hot_margin_deg`, cold above `vane_cold_angle_deg`, none elsewhere and
/// where no row is near. One row alone does not make the lowest angle. All none when the vane did not move.
std::vector<Load> loads_of_event(const Level1Metadata& level1, SampleRange event, const SystemTemperatureConfig& config,
                                 double lag_s = 0.0);

/// Says which load lacks samples for a calibration: less than `min_plateau_s` of hot or cold ones. Empty:
/// nothing.
std::string missing_load(const std::vector<Load>& loads, double sample_time_s, const SystemTemperatureConfig& config);

/// Whether the angle at the samples of `range` is more than half-way from `vane_cold_angle_deg` to the event's lowest.
enum class VanePosition : std::uint8_t { out, in, unknown };
std::vector<VanePosition> vane_positions(const Level1Metadata& level1, SampleRange event, SampleRange range,
                                         const SystemTemperatureConfig& config);

}  // namespace comap
