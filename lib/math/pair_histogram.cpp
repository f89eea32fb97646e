#include "math/pair_histogram.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace comap::pair_histogram {
namespace {

constexpr int kBisections = 40;  ///< of a range of 8 scales: to 1e-11

/// How many differences are below a value.
class Distribution {
 public:
  Distribution(std::span<const std::uint16_t> cells, std::int32_t first_bin)
      : first_bin_(first_bin),
        n_zero_(cells[kZeroCell]),
        positive_(cumulative(cells.subspan(kPositiveCell, kBinsPerSign))),
        negative_(cumulative(cells.subspan(kNegativeCell, kBinsPerSign))) {}

  double size() const { return n_zero_ + positive_.back() + negative_.back(); }
  double n_zero() const { return n_zero_; }
  double upper_edge() const { return edge(kLinearBins + kInnerBins); }
  double below(double value) const {
    if (value < 0.0) return negative_.back() - within(negative_, -value);
    return negative_.back() + n_zero_ + within(positive_, value);
  }

 private:
  static std::vector<double> cumulative(std::span<const std::uint16_t> cells) {
    std::vector<double> sums(cells.size() + 1, 0.0);
    for (std::size_t i = 0; i < cells.size(); ++i) sums[i + 1] = sums[i] + cells[i];
    return sums;
  }
  /// Lower edge of a bin of one sign.
  double edge(int bin) const {
    if (bin < kLinearBins) return static_cast<double>(lowest_edge(first_bin_)) * bin / kLinearBins;
    return static_cast<double>(lowest_edge(first_bin_ + bin - kLinearBins));
  }
  int bin_of(double modulus) const {
    const double lowest = static_cast<double>(lowest_edge(first_bin_));
    if (modulus < lowest) return std::min(static_cast<int>(modulus / lowest * kLinearBins), kLinearBins - 1);
    const auto bits = std::bit_cast<std::int32_t>(static_cast<float>(modulus));
    return kLinearBins + std::clamp((bits >> kShift) - first_bin_, 0, kInnerBins - 1);
  }
  double within(const std::vector<double>& sums, double modulus) const {
    const int bin = bin_of(modulus);
    const double low = edge(bin);
    const double fraction = std::clamp((modulus - low) / (edge(bin + 1) - low), 0.0, 1.0);
    const auto index = static_cast<std::size_t>(bin);
    return sums[index] + fraction * (sums[index + 1] - sums[index]);
  }

  std::int32_t first_bin_;
  double n_zero_;
  std::vector<double> positive_;  ///< [bin] differences with a smaller modulus
  std::vector<double> negative_;
};

template <typename Count>
double where_half(double low, double high, double half, const Count& count) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = 0.5 * (low + high);
    (count(middle) < half ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double median_absolute_deviation(std::span<const std::uint16_t> cells, std::int32_t first_bin) {
  const Distribution distribution(cells, first_bin);
  const double half = 0.5 * distribution.size();
  if (half == 0.0) return std::numeric_limits<double>::quiet_NaN();
  if (distribution.n_zero() >= half) return 0.0;
  const double limit = distribution.upper_edge();
  const double median = where_half(-limit, limit, half, [&](double value) { return distribution.below(value); });
  const auto inside = [&](double deviation) {
    return distribution.below(median + deviation) - distribution.below(median - deviation);
  };
  const double largest = limit - std::abs(median);
  if (inside(largest) < half) return std::numeric_limits<double>::quiet_NaN();
  return where_half(0.0, largest, half, inside);
}

}  // namespace comap::pair_histogram
