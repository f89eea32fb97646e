#pragma once
/// \file
/// Runs and sums from the samples.

#include <span>

#include "destripe/pixel_runs.hpp"

namespace comap {

/// One pass over the samples of up to kMaxLanes `streams` on the pointing of `data`.
PixelRuns make_pixel_runs(const DestriperData& data, std::span<const DestriperStream> streams,
                          const DestriperSettings& settings, const PixelNumbering& numbering, SampleSums& sums);

}  // namespace comap
