#pragma once
/// \file
/// What is done to the samples of one scan before the destriper sees them (docs/mapmaking.md gives the order).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace comap {

/// White noise of a sample from differences of the pairs (0, 1), (2, 3), ...:
/// 1.4826 MAD(x[2i] - x[2i+1]) / sqrt(2), over pairs of finite samples. NaN with fewer than two pairs.
double pair_difference_rms(std::span<const float> values);

/// Replaces NaN by straight lines between the nearest finite values (at the ends: by the nearest).
void bridge_gaps(std::span<float> values);

/// Sum over half bands of one scan, as the glitch search needs it: each half band minus its median, NaN bridged. A
/// half band of which less than half the samples are finite is left out.
class HalfBandSum {
 public:
  explicit HalfBandSum(std::size_t n_samples) : sum_(n_samples, 0.0F) {}
  void add(std::span<const float> half_band);
  std::span<const float> values() const { return sum_; }

 private:
  std::vector<float> sum_;
};

/// Samples with a glitch: |q| > glitch_sigma x 1.4826 MAD(q), and |q| largest within two samples, where
/// q_i = z_i - 2/3 (z_i-1 + z_i+1) + 1/6 (z_i-2 + z_i+2).
/// A beam of 6.6 samples rms leaves 1/3800 of its peak in q, so that sources stay. The first and last two samples of a
/// scan are not searched. `glitch_sigma` 0 finds none.
std::vector<std::int64_t> find_glitches(std::span<const float> sum, double glitch_sigma);

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
