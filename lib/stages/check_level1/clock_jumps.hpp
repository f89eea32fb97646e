#pragma once
/// \file
/// A clock that jumps where the recording seems to pause.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "io/level1/stated_positions.hpp"
#include "sky/coordinates.hpp"

namespace comap {

/// [first, end) of the stretches of samples without a step of more than `max_gap_s`; all
/// samples as one when there are very many.
std::vector<std::array<std::int64_t, 2>> stretches_between_gaps(const Level1Metadata& level1, double max_gap_s);

/// Takes jumps of MJD at gaps out where two witnesses say that no time has passed: positions that az, el and MJD do not
/// give from there on but would without the jump, and a housekeeping that ends with the samples only without it. The
/// first stretch must agree with the positions as it is. Changes times and sample time; nothing when there is no such
/// jump.
std::optional<Trouble> mend_clock_jumps(Level1Metadata& level1, const StatedPositions& stated,
                                        const CheckLevel1Config& config, const Observer& observer);

}  // namespace comap
