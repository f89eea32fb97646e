#pragma once
/// \file
/// The noise that the gain leaves in filtered data, from what the gain filter stored (docs/gain-filter.md).

#include <functional>

#include "stages/product_table.hpp"

namespace comap {

/// filtered_gain_power_K2 of math/gain_modes.hpp from the rows of one feed. Empty when the filter has no model of the
/// gain, or no finite one, for this sub-band of the band and scan.
std::function<double(double)> filtered_gain_power_K2(const ProductTable& products, int band, int sub_band,
                                                     std::size_t scan);

}  // namespace comap
