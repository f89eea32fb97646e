#pragma once
/// \file
/// What is known of the offsets before the data: the covariance of correlated noise, averaged over an offset.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "map/offset_layout.hpp"
#include "math/fft.hpp"

namespace comap {

/// Variance [K^2] of the cosine modes (CosineTransform) of `n_offsets` offsets: noise of the power spectrum
/// `power_K2(frequency_Hz)` (|FFT|^2/N per sample) averaged over `offset_length` samples,
///
///   variance_k = 1/L sum_j P(|f_k + j / (L dt)|) D^2(f_k + j / (L dt)),  D(f) = sin(pi f L dt) / (L sin(pi f dt)),
///
/// summed over the L frequencies that look alike at the rate of the offsets. Modes slower than two per segment are
/// freed (1000 x the largest variance), for the spectrum is not known there.
std::vector<double> offset_mode_variance(const std::function<double(double)>& power_K2, std::size_t n_offsets,
                                         int offset_length, double sample_time_s);

/// R = C^T diag(1 / variance) C of every segment that has a prior, C the cosine transform.
class OffsetPrior {
 public:
  /// Takes DestriperSegment::prior_variance_K2. Throws Bug for a length that is not the segment's number of offsets.
  OffsetPrior(const std::vector<DestriperSegment>& segments, const OffsetLayout& layout);

  bool any() const { return any_; }
  /// result += R offsets
  void add(std::span<const double> offsets, std::span<double> result);
  /// z = (R + w)^-1 r for segments with a prior, w their mean `weight`; leaves the others.
  void precondition(std::span<const double> weight, std::span<const double> r, std::span<double> z);
  std::size_t bytes() const { return inverse_variance_.capacity() * sizeof(double); }

 private:
  template <typename Factor>
  void filter_segment(std::size_t segment, std::span<const double> from, Factor factor);
  CosineTransform& transform(std::size_t n);

  const OffsetLayout& layout_;
  bool any_ = false;
  std::vector<char> has_prior_;           ///< [segment]
  std::vector<double> inverse_variance_;  ///< [offset] 1/K^2, of mode k of the segment; empty when no segment has one
  std::map<std::size_t, CosineTransform> transforms_;  ///< by length
};

}  // namespace comap
