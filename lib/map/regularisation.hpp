#pragma once
/// \file
/// R of the destriper: what offsets should look like without data.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "map/offset_layout.hpp"

namespace comap {

/// R = ridge I + gradient K + curvature K^2 with K = D^T D, D the first differences of the offsets of one segment.
struct Regularisation {
  double ridge_per_K2 = 0.0;
  double gradient_per_K2 = 0.0;
  double curvature_per_K2 = 0.0;

  bool any() const { return ridge_per_K2 > 0.0 || gradient_per_K2 > 0.0 || curvature_per_K2 > 0.0; }
};

/// The settings times the median of the positive `offset_weight` over all ranks. Collective.
Regularisation make_regularisation(const DestriperSettings& settings, std::span<const double> offset_weight,
                                   const Communicator& ranks);

/// result += R offsets, segment by segment.
void add_regularisation(const Regularisation& regularisation, const OffsetLayout& layout,
                        std::span<const double> offsets, std::span<double> result);

/// Solves (diag(d) + R) z = r segment by segment: the matrix has two bands beside its diagonal. Where it is singular
/// z is 0.
class BandedInverse {
 public:
  BandedInverse(const Regularisation& regularisation, const OffsetLayout& layout, std::span<const double> diagonal);
  void apply(std::span<const double> r, std::span<double> z) const;

 private:
  OffsetLayout layout_;
  std::vector<double> inverse_pivot_;  ///< of L D L^T
  std::vector<double> lower_one_;      ///< L[i + 1][i]
  std::vector<double> lower_two_;      ///< L[i + 2][i]
};

/// Exact median of the positive values of all ranks, the mean of the middle two when their number is even; 0 when
/// there is none. Collective.
double median_of_positive(std::span<const double> values, const Communicator& ranks);

}  // namespace comap
