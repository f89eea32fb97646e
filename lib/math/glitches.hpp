#pragma once
/// \file
/// Glitches: single samples of a feed that stand out in all its bands.

#include <cstdint>
#include <span>
#include <vector>

namespace comap {

/// Sum over half bands of one scan, as the glitch search needs it: each half band minus its median, NaN bridged. A
/// half band of which less than half the samples are finite is left out.
class HalfBandSum {
 public:
  explicit HalfBandSum(std::size_t n_samples) : sum_(n_samples, 0.0) {}
  void add(std::span<const float> half_band);
  std::span<const double> values() const { return sum_; }

 private:
  std::vector<double> sum_;
};

/// Samples with a glitch: |q| > glitch_sigma x 1.4826 MAD(q), and |q| largest within two samples, where
/// q_i = z_i - 2/3 (z_i-1 + z_i+1) + 1/6 (z_i-2 + z_i+2).
/// A beam of 6.6 samples rms leaves 1/3800 of its peak in q, so that sources stay. The first and last two samples of a
/// scan are not searched. `glitch_sigma` 0 finds none.
std::vector<std::int64_t> find_glitches(std::span<const double> sum, double glitch_sigma);

}  // namespace comap
