#pragma once
/// \file
/// Large scales of a map given at scattered positions.

#include <span>
#include <vector>

namespace comap {

/// Normalised convolution with a Gaussian of the angle, FWHM `fwhm_deg`, over the positions that have a value:
///
///   smooth(x) = sum_i G(|x - x_i|) v_i / sum_i G(|x - x_i|),   values that are not finite left out.
///
/// Positions are first gathered in HEALPix cells of at most a third of the Gaussian's sigma, each at the mean place
/// of its positions, and the result is interpolated between cells: within 1 % of the sum over all pairs. NaN further
/// than four sigmas from any value.
std::vector<double> smooth_on_sky(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                                  std::span<const double> values, double fwhm_deg);

}  // namespace comap
