#pragma once
/// \file
/// R of the destriper as settings give it: what offsets should look like without data.

#include <span>

#include "core/communicator.hpp"
#include "destripe/problem.hpp"

namespace comap {

/// R = ridge I + gradient K + curvature K^2 with K = D^T D, D the first differences of the offsets of one segment.
/// The cosine modes (CosineTransform) are the eigenvectors of K.
struct Regularisation {
  double ridge_per_K2 = 0.0;
  double gradient_per_K2 = 0.0;
  double curvature_per_K2 = 0.0;

  bool any() const { return ridge_per_K2 > 0.0 || gradient_per_K2 > 0.0 || curvature_per_K2 > 0.0; }
  /// Eigenvalue of R for mode k of n offsets: that of K is 4 sin^2(pi k / 2n).
  double of_mode_per_K2(std::size_t k, std::size_t n) const;
};

/// The settings times the median of the positive `offset_weight` of one stream over all ranks. Collective.
Regularisation make_regularisation(const DestriperSettings& settings, std::span<const double> offset_weight,
                                   const Communicator& ranks);

/// Exact median of the positive values of all ranks, the mean of the middle two when their number is even; 0 when
/// there is none. Collective.
double median_of_positive(std::span<const double> values, const Communicator& ranks);

}  // namespace comap
