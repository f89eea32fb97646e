#include "map/prepare_scan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kGlitchReach = 2;  // samples on either side that q looks at

/// 1.4826 x median absolute deviation from the median; the values are overwritten.
double mad_sigma(std::vector<float>& values) {
  const float centre = median(values);
  for (float& value : values) value = std::abs(value - centre);
  return kMadToSigma * median(values);
}

std::int64_t n_finite(std::span<const float> values) {
  return std::ranges::count_if(values, [](float value) { return std::isfinite(value); });
}

/// q of find_glitches; 0 for the samples at the ends.
std::vector<float> fourth_difference(std::span<const float> z) {
  std::vector<float> q(z.size(), 0.0F);
  for (std::size_t i = kGlitchReach; i + kGlitchReach < z.size(); ++i) {
    q[i] = z[i] - (z[i - 1] + z[i + 1]) * (2.0F / 3.0F) + (z[i - 2] + z[i + 2]) * (1.0F / 6.0F);
  }
  return q;
}

bool is_local_maximum(std::span<const float> q, std::size_t i) {
  for (std::size_t other = i - kGlitchReach; other <= i + kGlitchReach; ++other) {
    if (std::abs(q[other]) > std::abs(q[i])) return false;
  }
  return true;
}

void drop(std::span<float> tod_K, std::span<std::int32_t> pixel) {
  std::ranges::fill(tod_K, 0.0F);
  std::ranges::fill(pixel, -1);
}

}  // namespace

double pair_difference_rms(std::span<const float> values) {
  std::vector<float> differences;
  differences.reserve(values.size() / 2);
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    const float difference = values[i] - values[i + 1];
    if (std::isfinite(difference)) differences.push_back(difference);
  }
  if (differences.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  return mad_sigma(differences) / std::numbers::sqrt2;
}

void bridge_gaps(std::span<float> values) {
  const std::size_t n = values.size();
  std::size_t previous = n;  // last finite sample; n = none yet
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(values[i])) continue;
    const std::size_t gap_start = previous == n ? 0 : previous + 1;
    for (std::size_t k = gap_start; k < i; ++k) {
      const float fraction = previous == n ? 1.0F : static_cast<float>(k - previous) / static_cast<float>(i - previous);
      values[k] = previous == n ? values[i] : values[previous] + fraction * (values[i] - values[previous]);
    }
    previous = i;
  }
  if (previous == n) return;
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(previous) + 1, values.end(), values[previous]);
}

void HalfBandSum::add(std::span<const float> half_band) {
  if (n_finite(half_band) == 0 || 2 * n_finite(half_band) < std::ssize(half_band)) return;
  const float centre = median(half_band);
  std::vector<float> bridged(half_band.begin(), half_band.end());
  bridge_gaps(bridged);
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += bridged[i] - centre;
}

std::vector<std::int64_t> find_glitches(std::span<const float> sum, double glitch_sigma) {
  std::vector<std::int64_t> glitches;
  if (glitch_sigma <= 0.0 || sum.size() <= 2 * kGlitchReach) return glitches;
  const std::vector<float> q = fourth_difference(sum);
  std::vector<float> searched(q.begin() + kGlitchReach, q.end() - kGlitchReach);
  const double limit = glitch_sigma * mad_sigma(searched);
  for (std::size_t i = kGlitchReach; i + kGlitchReach < q.size(); ++i) {
    if (std::abs(q[i]) > limit && is_local_maximum(q, i)) glitches.push_back(static_cast<std::int64_t>(i));
  }
  return glitches;
}

bool elevation_is_valid(std::span<const double> elevation_deg) {
  return std::ranges::all_of(elevation_deg, [](double elevation) { return elevation > 0.0 && elevation <= 90.0; });
}

std::vector<float> airmass_template(std::span<const double> elevation_deg, double min_range_deg) {
  if (elevation_deg.empty()) return {};
  const auto [lowest, highest] = std::ranges::minmax(elevation_deg);
  if (highest - lowest < min_range_deg) return {};
  std::vector<double> airmass(elevation_deg.size());
  std::ranges::transform(elevation_deg, airmass.begin(),
                         [](double elevation) { return 1.0 / std::sin(elevation * kDegree_rad); });
  const double mean = std::accumulate(airmass.begin(), airmass.end(), 0.0) / static_cast<double>(airmass.size());
  std::vector<float> values(airmass.size());
  std::ranges::transform(airmass, values.begin(), [mean](double value) { return static_cast<float>(value - mean); });
  return values;
}

PreparedScan prepare_scan(std::span<float> tod_K, std::span<std::int32_t> pixel, std::span<const std::int64_t> glitches,
                          double min_good_fraction) {
  for (const std::int64_t sample : glitches) tod_K[static_cast<std::size_t>(sample)] = kNan;

  PreparedScan result;
  result.n_good = n_finite(tod_K);
  const double rms = pair_difference_rms(tod_K);
  const bool enough = static_cast<double>(result.n_good) >= min_good_fraction * static_cast<double>(tod_K.size());
  if (!enough || !(rms > 0.0)) {
    drop(tod_K, pixel);
    return result;
  }

  result.weight_per_K2 = 1.0 / (rms * rms);
  const float centre = median(tod_K);
  for (std::size_t i = 0; i < tod_K.size(); ++i) {
    const bool good = std::isfinite(tod_K[i]);
    tod_K[i] = good ? tod_K[i] - centre : 0.0F;
    if (!good) pixel[i] = -1;
  }
  return result;
}

}  // namespace comap
