#include "destripe/good_samples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace comap {
namespace {

void split_long_runs(std::size_t max_length, GoodSamples& good) {
  std::vector<std::uint32_t> starts;
  for (std::size_t run = 0; run < good.n_runs; ++run) {
    for (std::size_t start = good.run_start[run]; start < good.run_start[run + 1]; start += max_length) {
      starts.push_back(static_cast<std::uint32_t>(start));
    }
  }
  good.n_runs = starts.size();
  starts.push_back(static_cast<std::uint32_t>(good.size));
  std::ranges::copy(starts, good.run_start.begin());
}

bool is_finite(float value) { return std::abs(value) <= std::numeric_limits<float>::max(); }

}  // namespace

// Without a branch on what cannot be guessed: where pixels change.
void GoodSamples::find_runs(bool factors, std::size_t max_length) {
  std::size_t last = 0;
  for (std::size_t i = 1; i < size; ++i) {
    run_start[last + 1] = static_cast<std::uint32_t>(i);
    const bool weight_changes =
        factors && ((map_factor[i] != map_factor[i - 1]) | (solver_factor[i] != solver_factor[i - 1]));
    last += (pixel[i] != pixel[i - 1]) | weight_changes;
  }
  n_runs = last + 1;
  run_start[n_runs] = static_cast<std::uint32_t>(size);
  if (size > max_length) split_long_runs(max_length, *this);
}

// Four at a time, since each addition would wait for the one before.
void GoodSamples::sum_up(const float* values, std::size_t n_lanes, double* before) const {
  double sum = 0.0;
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const double first = values[sample[i]], third = values[sample[i + 2]];
    const double two = first + values[sample[i + 1]], last_two = third + values[sample[i + 3]];
    before[(i + 1) * n_lanes] = sum + first;
    before[(i + 2) * n_lanes] = sum + two;
    before[(i + 3) * n_lanes] = sum + (two + third);
    sum += two + last_two;
    before[(i + 4) * n_lanes] = sum;
  }
  for (; i < size; ++i) {
    sum += values[sample[i]];
    before[(i + 1) * n_lanes] = sum;
  }
}

void find_good_lanes(const DestriperData& data, std::span<const DestriperStream> streams,
                     const DestriperSegment& segment, std::uint8_t wanted, std::vector<std::uint8_t>& good_lanes) {
  const std::size_t n = segment.n_samples;
  const std::size_t start = segment.start;
  good_lanes.assign(n, 0);
  for (std::size_t l = 0; l < streams.size(); ++l) {
    const auto bit = static_cast<std::uint8_t>(wanted & 1U << l);
    if (bit == 0) continue;
    const float* tod_K = streams[l].tod_K.data() + start;
    for (std::size_t i = 0; i < n; ++i) good_lanes[i] |= is_finite(tod_K[i]) ? bit : std::uint8_t{0};
  }
  const auto keep_where = [&](const auto* values, auto is_good) {
    for (std::size_t i = 0; i < n; ++i) good_lanes[i] = is_good(values[i]) ? good_lanes[i] : std::uint8_t{0};
  };
  keep_where(data.pixel.data() + start, [](std::int32_t pixel) { return pixel >= 0; });
  if (segment.fits_airmass) keep_where(data.airmass.data() + start, is_finite);
  if (!data.weight_factor.empty()) {
    keep_where(data.weight_factor.data() + start, [](float factor) { return factor > 0.0F && is_finite(factor); });
  }
  if (!data.solver_factor.empty()) {
    keep_where(data.solver_factor.data() + start, [](float factor) { return factor >= 0.0F && is_finite(factor); });
  }
}

}  // namespace comap
