#pragma once
/// \file
/// Directions of the telescope that cannot be, or contradict those before and after them.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {

/// The fault of the direction of one sample.
enum class PointingFault : std::uint8_t {
  none,
  missing,    ///< azimuth or elevation not finite, exactly 0 (an encoder that drops out), or elevation outside 0-90 deg
  jump,       ///< out of reach from the samples before and after it
  frozen,     ///< the telescope moves, this does not
  misplaced,  ///< contradicts what the file states on the sky (misplaced_scans.hpp)
};

/// Directions of one feed [sample].
struct FeedDirections {
  std::span<const double> mjd;
  std::span<const double> azimuth_deg;
  std::span<const double> elevation_deg;
};

/// All faults but `frozen`. A jump is a stretch of at most 10 s between two steps faster than
/// `max_pointing_speed_deg_s` on the sky, around which the telescope goes on where it was; one such step alone, a slew,
/// is none. Azimuth 360 is azimuth 0. [sample]
std::vector<PointingFault> pointing_faults(const FeedDirections& directions, const CheckLevel1Config& limits);

/// Marks samples of scans whose azimuth and elevation are both those of the sample before for longer than
/// `max_pointing_hold_s`, where the telescope moves in most of the scans' samples. Returns the number of samples that
/// stand still where it does not: a stare, which may be meant.
std::int64_t mark_frozen(const FeedDirections& directions, std::span<const std::array<std::int64_t, 2>> scans,
                         const CheckLevel1Config& limits, std::span<PointingFault> faults);

/// Samples of scans with azimuth and elevation of the sample before, in holds that are no longer than
/// `max_pointing_hold_s`: directions that are recorded more rarely than the counts.
std::int64_t n_held_briefly(const FeedDirections& directions, std::span<const std::array<std::int64_t, 2>> scans,
                            const CheckLevel1Config& limits);

/// pointing_faults() of all feeds [n_feeds][sample]; their azimuth and elevation in `level1` become those of the
/// straight line between the samples around them, so that nothing that goes along the sky meets a hole or a jump.
std::vector<PointingFault> bridge_pointing(const CheckLevel1Config& limits, Level1Metadata& level1);

}  // namespace comap
