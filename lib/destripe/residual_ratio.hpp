#pragma once
/// \file
/// Whether the noise is what the prior of the offsets says.

#include <cstddef>
#include <span>

#include "core/communicator.hpp"
#include "destripe/offset_inverse.hpp"
#include "destripe/offset_layout.hpp"

namespace comap {

/// Power of the data minus map at low frequencies over what prior and white noise expect: 1 where the prior is right,
/// less where the map takes part of the noise. At the solution the mode k of the offsets is a_k = c_k v_k / (v_k + u),
/// with c_k that of the residual, v_k the prior variance and u = 1 / full weight the white noise of an offset, so that
///
///   c_k^2 / (v_k + u) = a_k^2 (v_k + u) / v_k^2,
///
/// averaged over the slowest modes that the prior does not set free (offset_prior.hpp), two to eight periods a segment;
/// the median over segments, over that of noise as expected, so that a few bad scans
/// do not tell. `offsets_K` [offset] of one lane, airmass taken off.
/// NaN without a prior, or where no segment is long enough. Collective.
double residual_ratio(OffsetInverse& inverse, const OffsetLayout& layout, std::span<const double> offsets_K,
                      std::size_t lane, const Communicator& ranks);

}  // namespace comap
