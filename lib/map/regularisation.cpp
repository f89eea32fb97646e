#include "map/regularisation.hpp"

#include <bit>
#include <limits>

namespace comap {

namespace {

/// D^T D of one segment, times x.
double second_difference(std::span<const double> x, std::size_t i) {
  double result = 0.0;
  if (i > 0) result += x[i] - x[i - 1];
  if (i + 1 < x.size()) result += x[i] - x[i + 1];
  return result;
}

/// Diagonal and upper bands of R at row i of a segment of n offsets.
struct BandRow {
  double diagonal;
  double one;
  double two;
};

BandRow band_row(const Regularisation& r, std::size_t i, std::size_t n) {
  const auto neighbours = [&](std::size_t k) { return (k > 0 ? 1.0 : 0.0) + (k + 1 < n ? 1.0 : 0.0); };
  const double here = neighbours(i);
  BandRow row{r.ridge_per_K2 + r.gradient_per_K2 * here + r.curvature_per_K2 * (here * here + here), 0.0, 0.0};
  if (i + 1 < n) row.one = -r.gradient_per_K2 - r.curvature_per_K2 * (here + neighbours(i + 1));
  if (i + 2 < n) row.two = r.curvature_per_K2;
  return row;
}

/// The value below which `rank` positive values lie, 0-based, by bisection on the bits: the order of positive doubles
/// is that of their bits as integers.
double order_statistic(std::span<const double> values, std::int64_t order, const Communicator& ranks) {
  std::int64_t low = 0;
  auto high = std::bit_cast<std::int64_t>(std::numeric_limits<double>::max());
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    std::int64_t n_up_to = 0;
    for (const double value : values) n_up_to += value > 0.0 && std::bit_cast<std::int64_t>(value) <= middle;
    if (ranks.sum(n_up_to) > order) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return std::bit_cast<double>(low);
}

}  // namespace

double median_of_positive(std::span<const double> values, const Communicator& ranks) {
  std::int64_t n = 0;
  for (const double value : values) n += value > 0.0;
  n = ranks.sum(n);
  if (n == 0) return 0.0;
  const double upper = order_statistic(values, n / 2, ranks);
  return n % 2 == 1 ? upper : 0.5 * (upper + order_statistic(values, n / 2 - 1, ranks));
}

Regularisation make_regularisation(const DestriperSettings& settings, std::span<const double> offset_weight,
                                   const Communicator& ranks) {
  Regularisation relative{settings.lambda_ridge, settings.alpha_grad, settings.alpha_curv};
  if (!relative.any()) return relative;
  const double scale = median_of_positive(offset_weight, ranks);
  return {scale * relative.ridge_per_K2, scale * relative.gradient_per_K2, scale * relative.curvature_per_K2};
}

void add_regularisation(const Regularisation& regularisation, const OffsetLayout& layout,
                        std::span<const double> offsets, std::span<double> result) {
  std::vector<double> differences;
  for (std::size_t segment = 0; segment < layout.n_segments(); ++segment) {
    const std::size_t first = layout.first_offset[segment];
    const std::size_t n = layout.first_offset[segment + 1] - first;
    const auto x = offsets.subspan(first, n);
    differences.resize(n);
    for (std::size_t i = 0; i < n; ++i) differences[i] = second_difference(x, i);
    for (std::size_t i = 0; i < n; ++i) {
      result[first + i] += regularisation.ridge_per_K2 * x[i] + regularisation.gradient_per_K2 * differences[i] +
                           regularisation.curvature_per_K2 * second_difference(differences, i);
    }
  }
}

BandedInverse::BandedInverse(const Regularisation& regularisation, const OffsetLayout& layout,
                             std::span<const double> diagonal)
    : layout_(layout), inverse_pivot_(diagonal.size()), lower_one_(diagonal.size()), lower_two_(diagonal.size()) {
  constexpr double kSingular = 1e-12;  // of the diagonal: the pivot is rounding error
  for (std::size_t segment = 0; segment < layout_.n_segments(); ++segment) {
    const std::size_t first = layout_.first_offset[segment];
    const std::size_t n = layout_.first_offset[segment + 1] - first;
    std::vector<double> pivot(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const BandRow row = band_row(regularisation, i, n);
      const double* one = lower_one_.data() + first;
      const double* two = lower_two_.data() + first;
      const double whole = diagonal[first + i] + row.diagonal;
      pivot[i] = whole;
      if (i > 0) pivot[i] -= one[i - 1] * one[i - 1] * pivot[i - 1];
      if (i > 1) pivot[i] -= two[i - 2] * two[i - 2] * pivot[i - 2];
      if (!(pivot[i] > kSingular * whole)) {
        pivot[i] = 0.0;
        continue;
      }
      inverse_pivot_[first + i] = 1.0 / pivot[i];
      const double carried = i > 0 ? two[i - 1] * pivot[i - 1] * one[i - 1] : 0.0;
      lower_one_[first + i] = (row.one - carried) / pivot[i];
      lower_two_[first + i] = row.two / pivot[i];
    }
  }
}

void BandedInverse::apply(std::span<const double> r, std::span<double> z) const {
  for (std::size_t segment = 0; segment < layout_.n_segments(); ++segment) {
    const std::size_t first = layout_.first_offset[segment];
    const std::size_t end = layout_.first_offset[segment + 1];
    for (std::size_t i = first; i < end; ++i) {
      z[i] = r[i];
      if (i > first) z[i] -= lower_one_[i - 1] * z[i - 1];
      if (i > first + 1) z[i] -= lower_two_[i - 2] * z[i - 2];
    }
    for (std::size_t i = first; i < end; ++i) z[i] *= inverse_pivot_[i];
    for (std::size_t i = end; i-- > first;) {
      if (i + 1 < end) z[i] -= lower_one_[i] * z[i + 1];
      if (i + 2 < end) z[i] -= lower_two_[i] * z[i + 2];
    }
  }
}

}  // namespace comap
