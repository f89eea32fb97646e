#pragma once
/// \file
/// The pointing of all ranks.

#include "core/communicator.hpp"
#include "sky/wcs.hpp"

namespace comap {

/// The extents of all ranks as one, on every rank. Collective.
PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks);

}  // namespace comap
