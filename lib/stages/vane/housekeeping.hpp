#pragma once
/// \file
/// Housekeeping at the times of the samples, and runs of samples in one state.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {

using SampleRange = std::array<std::int64_t, 2>;  ///< [start, end)

inline constexpr int kVaneFeature = 13;
/// Housekeeping times are stored this much late (formats.md).
inline constexpr double kHousekeepingDelay_s = 0.6;

/// True when bit `feature` is set, whatever others are; values <= 0 have no feature.
constexpr bool has_feature(std::int64_t bits, int feature) { return bits > 0 && ((bits >> feature) & 1) != 0; }

/// How rows of housekeeping belong to samples.
struct HousekeepingTiming {
  double delay_s = kHousekeepingDelay_s;  ///< rows are stamped this much late
  double max_row_spacings = 1.5;          ///< a row further than this many median spacings says nothing of a sample
};
inline HousekeepingTiming housekeeping_timing(const SystemTemperatureConfig& config) {
  return {config.hk_time_offset_s, config.max_row_spacings};
}

/// Median step of ascending times [s]; NaN for fewer than two.
double row_spacing_s(std::span<const double> times_mjd);

/// Feature bits of the array at every sample: those of the housekeeping row nearest in time (the earlier one when two
/// are equally near); kUnknownFeatures before the first row, after the last, and where no row is near enough.
inline constexpr std::int64_t kUnknownFeatures = -1;
std::vector<std::int64_t> frame_features_at_samples(const Level1Metadata& level1, const HousekeepingTiming& timing);

/// Vane angle at the samples of `range` [deg], found in the same way; NaN where no row is near enough.
std::vector<double> vane_angle_at_samples(const Level1Metadata& level1, SampleRange range,
                                          const HousekeepingTiming& timing);

/// Lissajous status at every sample: that of the last row at or before it; 0 before the first row or without any.
std::vector<int> lissajous_status_at_samples(const Level1Metadata& level1);

/// Throws ObservationError, naming both ranges, when the times of vane or frame have nothing in common with the
/// spectrometer's.
void require_common_times(const Level1Metadata& level1);

/// Maximal runs of samples with inside[sample] != 0 within `within`, in order.
std::vector<SampleRange> runs_where(std::span<const std::uint8_t> inside, SampleRange within);

}  // namespace comap
