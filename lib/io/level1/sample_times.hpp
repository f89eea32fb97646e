#pragma once
/// \file
/// Times of the samples of a recording: its sample time, and stamps that are wrong.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace comap {

/// Steps of more than this many median steps are pauses of the recording.
inline constexpr double kPauseSteps = 10.0;

/// Time from one sample to the next [s]: (last - first) / (n - 1) of `mjd` (at least two, increasing); of a recording
/// with pauses (at most a tenth of the steps) the sum over the stretches between them, over their steps.
double sample_time_s(std::span<const double> mjd);

/// The repair of stamps that are not finite, do not increase, or lie more than a day from the one before.
struct StampRepair {
  std::vector<std::size_t> mended;
  std::optional<std::size_t> beyond_repair;  ///< the first sample at which there is no telling what the time is
};

/// Gives stamps that contradict their neighbours the times between these. Safe only where the stamps before and after
/// them are as many median steps apart as there are samples between: elsewhere, where more than 50 in a row are wrong,
/// or more than 1 % of all, nothing is invented and `beyond_repair` is set.
StampRepair repair_time_stamps(std::vector<double>& mjd);

}  // namespace comap
