#pragma once
/// \file
/// Connected components of the graph of offsets and pixels.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

/// Parts of the sky that no offset joins: the level of each against the others is arbitrary.
struct Components {
  std::int64_t count = 0;              ///< over all ranks
  std::vector<std::int32_t> of_pixel;  ///< [local pixel], the same numbers on all ranks; -1 = in none
};

/// Connected components over all ranks; an offset and a pixel are joined by a sample with weight in the solver, in one
/// lane. `map_pixels`: map pixel of each local one. Collective.
Components find_components(const PixelRuns& runs, std::size_t lane, std::span<const std::int32_t> map_pixels,
                           SharedPixels& shared, const Communicator& ranks);

/// Pixels of the component that holds the median pixel, all pixels ordered by the size of their component; 0 without
/// pixels. Collective.
std::int64_t median_component(const Components& components, const SharedPixels& shared, const Communicator& ranks);

}  // namespace comap
