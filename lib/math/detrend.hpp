#pragma once
/// \file
/// Removing templates from a time series.

#include <span>
#include <vector>

namespace comap {

/// Subtracts the least-squares fit of the `templates` (each of the length of `values`) to the samples where everything
/// is finite. Templates that depend on those before them are left out: an airmass that is constant, or a straight
/// line in time, is no error. NaN in `values` stay.
void subtract_templates(std::span<double> values, const std::vector<std::vector<double>>& templates);

}  // namespace comap
