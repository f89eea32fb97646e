#pragma once
/// \file
/// Housekeeping at the times of the samples, and runs of samples in one state.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "io/level1_metadata.hpp"

namespace comap {

using SampleRange = std::array<std::int64_t, 2>;  ///< [start, end)

inline constexpr int kNoFeature = -1;
inline constexpr int kVaneFeature = 13;
/// Housekeeping times are stored this much late (formats.md).
inline constexpr double kHousekeepingDelay_s = 0.6;

/// Feature number of the array's state at every sample: that of the housekeeping row nearest in time (the earlier one
/// when two are equally near), times taken `delay_s` earlier than stored. kNoFeature outside the housekeeping.
std::vector<int> frame_feature_at_samples(const Level1Metadata& level1, double delay_s);

/// Vane angle at the samples of `range` [deg], nearest row, times taken `delay_s` earlier than stored; NaN outside the
/// housekeeping.
std::vector<double> vane_angle_at_samples(const Level1Metadata& level1, SampleRange range, double delay_s);

/// Lissajous status at every sample: that of the last row at or before it; 0 before the first row or without any.
std::vector<int> lissajous_status_at_samples(const Level1Metadata& level1);

/// Feature number of the spectrometer's state at every sample.
std::vector<int> spectrometer_feature_at_samples(const Level1Metadata& level1);

/// Maximal runs of `value` inside `within`, in order.
std::vector<SampleRange> runs_of(std::span<const int> states, int value, SampleRange within);

}  // namespace comap
