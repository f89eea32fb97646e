#pragma once
/// \file
/// System temperature and gain of a feed at a given time, from its vane events.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Both [band][channel]; NaN where no event gives a value.
struct VaneCalibration {
  Array<double, 2> system_temperature_K;
  Array<double, 2> gain_counts_per_K;
};

/// Calibration of the feed whose `products` hold the rows of system_temperature, for the time `mjd` (UTC):
/// `event = first`: for each band the first event that gave a value for any of its channels; `mean`: mean of the events
/// of each channel, NaN left out; `interpolate`: linear in time between the events of each channel that are not NaN,
/// constant beyond the first and last. Throws Bug when system_temperature has not run.
VaneCalibration calibration_at(const ObservationContext& observation, const ProductTable& feed_products,
                               const SystemTemperatureConfig& config, double mjd);

}  // namespace comap
