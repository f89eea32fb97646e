#pragma once
/// \file
/// What is done to the samples of one scan before the destriper sees them (docs/mapmaking.md gives the order).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace comap {

/// True when every elevation is finite, above 0 and not above 90 deg.
bool elevation_is_valid(std::span<const double> elevation_deg);

/// 1/sin(elevation) minus its mean; empty when the range of elevation is below `min_range_deg`.
std::vector<float> airmass_template(std::span<const double> elevation_deg, double min_range_deg);

/// A scan of one (feed, frequency_band) made ready in place.
struct PreparedScan {
  double weight_per_K2 = 0.0;  ///< 1/auto_rms^2 of this scan after flags; 0 = the scan is dropped
  std::int64_t n_good = 0;     ///< samples that are neither NaN nor flagged
};

/// Subtracts the median of the good samples from `tod_K`, makes the others 0 with pixel -1, and finds the weight. A
/// scan with less than `min_good_fraction` good samples, or without noise estimate, gets weight 0 and pixels -1.
/// `glitches` are sample indices in the scan.
PreparedScan prepare_scan(std::span<float> tod_K, std::span<std::int32_t> pixel, std::span<const std::int64_t> glitches,
                          double min_good_fraction);

}  // namespace comap
