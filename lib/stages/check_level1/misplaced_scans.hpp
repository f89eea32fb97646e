#pragma once
/// \file
/// Stretches of single feeds or scans whose directions contradict the positions that the file states.

#include "io/level1/stated_positions.hpp"
#include "stages/check_level1/check_metadata.hpp"
#include "stages/check_level1/position_comparison.hpp"

namespace comap {

/// For a file that agrees with its positions as a whole: where at least three samples of `stated` in a row of a feed
/// are further than warn_position_error_arcsec from them. Is said in verdict.troubles; beyond max_position_error_arcsec
/// the samples between those that agree are added to verdict.misplaced. Samples that pointing_screen.hpp finds missing,
/// out of reach or frozen do not count.
void find_misplaced(const Level1Metadata& level1, const StatedPositions& stated, const PositionComparison& comparison,
                    const CheckLevel1Config& config, MetadataVerdict& verdict);

}  // namespace comap
