#pragma once
/// \file
/// Destriping: offsets by conjugate gradients, then the binned map. docs/destriper.md has the equations, and how to use
/// this folder alone.

#include <span>
#include <string>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// Solves for offsets and airmass amplitudes of every stream and bins the maps [stream]. Collective. Same ranks, same
/// bits. Ranks without segments take part. Without regularisation, offsets without data are 0, and the level of each
/// connected component of offsets and pixels is that of the segment means. Not converging is a result, not an error.
/// `start` [stream]: results of a solve on the same segments, from which the iterations begin.
/// Throws Bug when lengths, ranges of samples or pixel indices do not fit together.
std::vector<DestriperResult> destripe(const DestriperData& data, const DestriperSettings& settings,
                                      const Communicator& ranks, std::span<const DestriperResult> start = {});

/// The same; the arrays of `data` are released before the iterations start, which halves the memory.
std::vector<DestriperResult> destripe(DestriperData&& data, const DestriperSettings& settings,
                                      const Communicator& ranks, std::span<const DestriperResult> start = {});

/// "threshold reached" and so on, for the log and the map header.
std::string to_text(StopReason reason);

}  // namespace comap
