#pragma once
/// \file
/// The noise that the gain leaves in filtered data, from what the gain filter stored (docs/gain-filter.md).

#include <functional>
#include <optional>

#include "io/level2/level2_reader.hpp"
#include "stages/product_table.hpp"

namespace comap {

/// k^2 D_b(f) [K^2, |FFT|^2/N per sample] as a function of f [Hz]: the noise of a filtered sub-band besides its white
/// noise.
std::function<double(double)> filtered_gain_power_K2(const GainNoise& noise);

/// The same from the rows of one feed. Empty when the filter has no model of the gain, or no finite one, for this
/// sub-band of the band and scan.
std::function<double(double)> filtered_gain_power_K2(const ProductTable& products, int band, int sub_band,
                                                     std::size_t scan);

}  // namespace comap
