#pragma once
/// \file
/// The vane calibration of the observation after a sky dip.

#include "stages/stage.hpp"

namespace comap {

/// Reads `observation.following_level2_path`; NaN for feeds that it does not have. Throws ObservationError, saying
/// which observation to process first, when there is no such file, it is not that of obsid + 1, was not completed, or
/// has other channels.
FollowingCalibration read_following_calibration(const ObservationContext& observation);

}  // namespace comap
