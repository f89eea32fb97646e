#pragma once
/// \file
/// Azimuth, elevation and MJD of a file against its own right ascensions and declinations.

#include "io/level1/stated_positions.hpp"
#include "sky/coordinates.hpp"
#include "stages/check_level1/check_metadata.hpp"

namespace comap {

/// The positions of map making, from az, el and MJD, against pixel_ra and pixel_dec (ICRS degrees). Where these differ
/// by more than config.warn_position_error_arcsec, what explains it is looked for: an offset of the clock, positions of
/// date instead of J2000, hours or radians instead of degrees. More than max_position_error_arcsec without such a
/// harmless reason is refused. Stretches of feeds that differ from the rest are named, and left out
/// beyond max_position_error_arcsec (misplaced_scans.hpp). Files without positions (NaN, 0) pass, which is said.
MetadataVerdict check_positions(const Level1Metadata& level1, const StatedPositions& stated,
                                const CheckLevel1Config& config, const Observer& observer);

}  // namespace comap
