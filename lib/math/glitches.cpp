#include "math/glitches.hpp"

#include <algorithm>
#include <cmath>

#include "math/gaps.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr std::size_t kReach = 2;  // samples on either side that q looks at

/// q of find_glitches; 0 for the samples at the ends.
std::vector<double> fourth_difference(std::span<const double> z) {
  std::vector<double> q(z.size(), 0.0);
  for (std::size_t i = kReach; i + kReach < z.size(); ++i) {
    q[i] = z[i] - (z[i - 1] + z[i + 1]) * (2.0 / 3.0) + (z[i - 2] + z[i + 2]) * (1.0 / 6.0);
  }
  return q;
}

bool is_local_maximum(std::span<const double> q, std::size_t i) {
  for (std::size_t other = i - kReach; other <= i + kReach; ++other) {
    if (std::abs(q[other]) > std::abs(q[i])) return false;
  }
  return true;
}

}  // namespace

void HalfBandSum::add(std::span<const float> half_band) {
  const float centre = median(half_band);
  std::vector<double> bridged(half_band.begin(), half_band.end());
  const std::size_t n_finite = bridge_gaps(bridged);
  if (n_finite == 0 || 2 * n_finite < half_band.size()) return;
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += bridged[i] - centre;
}

std::vector<std::int64_t> find_glitches(std::span<const double> sum, double glitch_sigma) {
  std::vector<std::int64_t> glitches;
  if (glitch_sigma <= 0.0 || sum.size() <= 2 * kReach) return glitches;
  const std::vector<double> q = fourth_difference(sum);
  const double limit = glitch_sigma * mad_sigma(std::span(q).subspan(kReach, q.size() - 2 * kReach));
  for (std::size_t i = kReach; i + kReach < q.size(); ++i) {
    if (std::abs(q[i]) > limit && is_local_maximum(q, i)) glitches.push_back(static_cast<std::int64_t>(i));
  }
  return glitches;
}

}  // namespace comap
