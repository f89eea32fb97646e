#include "destripe/residual_ratio.hpp"

#include <cmath>
#include <optional>
#include <vector>

#include "core/constants.hpp"
#include "destripe/offset_prior.hpp"
#include "destripe/regularisation.hpp"

namespace comap {
namespace {

constexpr std::size_t kEndMode = 4 * kFreeModes;

/// Median of the mean of so many squares of unit variance, after Wilson and Hilferty.
double median_of_mean_square(std::size_t n) { return std::pow(1.0 - 2.0 / (9.0 * static_cast<double>(n)), 3); }

std::optional<double> ratio_of_segment(OffsetInverse& inverse, std::size_t segment, std::span<const double> offsets_K,
                                       std::size_t lane) {
  const double full = inverse.full_weight_per_K2(segment, lane);
  if (offsets_K.size() < kEndMode || !(full > 0.0)) return std::nullopt;
  const std::vector<double> modes_K = inverse.modes_of(segment, offsets_K);
  double sum = 0.0;
  for (std::size_t k = kFreeModes; k < kEndMode; ++k) {
    const double precision = inverse.precision_per_K2(segment, k, lane);
    if (!(precision > 0.0)) return std::nullopt;
    sum += modes_K[k] * modes_K[k] * precision * (1.0 + precision / full);
  }
  return sum / static_cast<double>(kEndMode - kFreeModes);
}

}  // namespace

double residual_ratio(OffsetInverse& inverse, const OffsetLayout& layout, std::span<const double> offsets_K,
                      std::size_t lane, const Communicator& ranks) {
  std::vector<double> ratios;
  for (std::size_t segment = 0; inverse.has_modes() && segment < layout.n_segments(); ++segment) {
    const auto of_segment = offsets_K.subspan(layout.first_offset[segment], layout.n_offsets(segment));
    if (const auto ratio = ratio_of_segment(inverse, segment, of_segment, lane)) ratios.push_back(*ratio);
  }
  const double median = median_of_positive(ratios, ranks);
  if (!(median > 0.0)) return kNan;
  return median / median_of_mean_square(kEndMode - kFreeModes);
}

}  // namespace comap
