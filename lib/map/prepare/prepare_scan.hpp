#pragma once
/// \file
/// All that is done to the samples of one scan before the destriper sees them (docs/mapmaking.md gives the order).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace comap {

/// True when every elevation is finite, above 0 and not above 90 deg.
bool elevation_is_valid(std::span<const double> elevation_deg);

/// 1/sin(elevation) minus its mean; empty when the range of elevation is below `min_range_deg`.
std::vector<float> airmass_template(std::span<const double> elevation_deg, double min_range_deg);

/// Subtracts the fit of cubic polynomials in time, azimuth and elevation, NaN left out. It takes most of the sky with
/// it and is there for comparison only ([mapmake] detrend = "polynomial").
void subtract_polynomials(std::span<float> tod_K, std::span<const double> azimuth_deg,
                          std::span<const double> elevation_deg);

/// Makes a scan of one (feed, frequency_band) ready in place: glitches (sample indices in the scan) become NaN, the
/// median of what is left is subtracted. Returns the weight, 1/auto_rms^2 [1/K^2]; 0 when less than
/// `min_good_fraction` of the samples is left, or without noise estimate: the scan is dropped.
double prepare_scan(std::span<float> tod_K, std::span<const std::int64_t> glitches, double min_good_fraction);

}  // namespace comap
