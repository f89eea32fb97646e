#include "destripe/scatter_gather.hpp"

#include <algorithm>

namespace comap {

namespace {

constexpr std::size_t kRunsAhead = 24;

/// Runs of one offset.
template <std::size_t kLanes, bool kAirmass, bool kFactor>
struct Stretch {
  const std::uint32_t* run;
  const std::uint32_t* last_run;
  const float* airmass;
  const float* factor;
  unsigned pixel_bits;
  std::uint32_t pixel_mask;

  std::size_t pixel(std::size_t i) const { return (run[i] & pixel_mask) * kLanes; }
  double weight(std::size_t i) const {
    const auto length = static_cast<double>(static_cast<std::int32_t>(run[i] >> pixel_bits));
    if constexpr (kFactor) return length * factor[i];
    return length;
  }
  void advance(std::size_t n) {
    run += n;
    if constexpr (kAirmass) airmass += n;
    if constexpr (kFactor) factor += n;
  }

  using Numbers = std::array<double, kLanes>;

  /// With many lanes every pixel is a cache line of its own, which had better be on its way.
  void fetch_ahead(std::size_t i, const double* map) const {
    if constexpr (kLanes >= 4) {
      const std::uint32_t* ahead = std::min(run + i + kRunsAhead, last_run);
      __builtin_prefetch(map + (*ahead & pixel_mask) * kLanes, 1);
    }
  }

  void scatter(std::size_t n, Numbers level, Numbers slope, double* map) const {
    for (std::size_t i = 0; i < n; ++i) {
      fetch_ahead(i, map);
      const double w = weight(i);
      double* to = map + pixel(i);
#pragma GCC unroll 8
      for (std::size_t l = 0; l < kLanes; ++l) {
        if constexpr (kAirmass) {
          to[l] += w * (level[l] + slope[l] * airmass[i]);
        } else {
          to[l] += w * level[l];
        }
      }
    }
  }

  struct Sums {
    Numbers level{};
    Numbers slope{};

    void add(const Sums& other) {
#pragma GCC unroll 8
      for (std::size_t l = 0; l < kLanes; ++l) {
        level[l] += other.level[l];
        slope[l] += other.slope[l];
      }
    }
  };

  void add(Sums& sum, std::size_t i, const double* map) const {
    fetch_ahead(i, map);
    const double w = weight(i);
    const double* from = map + pixel(i);
#pragma GCC unroll 8
    for (std::size_t l = 0; l < kLanes; ++l) {
      const double term = w * from[l];
      sum.level[l] += term;
      if constexpr (kAirmass) sum.slope[l] += term * airmass[i];
    }
  }

  // Several chains of additions, since one would wait for itself; few lanes need more of them.
  Sums gather(std::size_t n, const double* map) const {
    Sums even, odd, third, fourth;
    std::size_t i = 0;
    if constexpr (kLanes < 4) {
      for (; i + 4 <= n; i += 4) {
        add(even, i, map);
        add(odd, i + 1, map);
        add(third, i + 2, map);
        add(fourth, i + 3, map);
      }
    }
    for (; i + 2 <= n; i += 2) {
      add(even, i, map);
      add(odd, i + 1, map);
    }
    if (i < n) add(even, i, map);
    even.add(odd);
    third.add(fourth);
    even.add(third);
    return even;
  }
};

/// Calls `work(stretch, n_runs, offset of the segment)` for every offset of a part in order.
template <std::size_t kLanes, bool kAirmass, bool kFactor, typename Work>
void for_each_offset(const PixelRuns& runs, std::size_t part, const LargeVector<float>& factor, Work work) {
  const auto [segment, first_offset, first_run] = runs.parts[part];
  Stretch<kLanes, kAirmass, kFactor> stretch{
      runs.run.data(), runs.run.data() + runs.run.size() - 1,    runs.airmass_deviation.data(), factor.data(),
      runs.pixel_bits, (std::uint32_t{1} << runs.pixel_bits) - 1};
  stretch.advance(first_run);
  const std::uint32_t* n_runs = runs.n_runs.data() + first_offset;
  const std::size_t n_offsets = runs.layout.n_offsets(segment);
  for (std::size_t o = 0; o < n_offsets; ++o) {
    work(stretch, n_runs[o], o);
    stretch.advance(n_runs[o]);
  }
}

/// Picks the variant that reads only what is there.
template <std::size_t kLanes, typename Work>
void for_each_offset(const PixelRuns& runs, std::size_t part, Weighting weighting, Work work) {
  if (runs.run.empty()) return;
  const LargeVector<float>& factor = weighting == Weighting::solver ? runs.factor_of_solver() : runs.map_factor;
  if (runs.airmass_deviation.empty()) {
    factor.empty() ? for_each_offset<kLanes, false, false>(runs, part, factor, work)
                   : for_each_offset<kLanes, false, true>(runs, part, factor, work);
  } else {
    factor.empty() ? for_each_offset<kLanes, true, false>(runs, part, factor, work)
                   : for_each_offset<kLanes, true, true>(runs, part, factor, work);
  }
  runs.passed_part(part);
}

}  // namespace

void scatter_part(const PixelRuns& runs, std::size_t part, Weighting weighting, const SegmentUnknowns& x,
                  std::span<double> map) {
  with_lanes(runs.n_lanes, [&](auto lanes) {
    const double* weight = runs.weight_per_K2.data() + part * lanes;
    for_each_offset<lanes>(runs, part, weighting, [&](const auto& stretch, std::size_t n_runs, std::size_t offset) {
      std::array<double, lanes> level, slope;
      for (std::size_t l = 0; l < lanes; ++l) {
        level[l] = weight[l] * x.offsets[offset * lanes + l];
        slope[l] = weight[l] * x.amplitude[l];
      }
      stretch.scatter(n_runs, level, slope, map.data());
    });
  });
}

void gather_part(const PixelRuns& runs, std::size_t part, Weighting weighting, std::span<const double> map,
                 const SegmentUnknowns& x) {
  with_lanes(runs.n_lanes, [&](auto lanes) {
    const double* weight = runs.weight_per_K2.data() + part * lanes;
    for_each_offset<lanes>(runs, part, weighting, [&](const auto& stretch, std::size_t n_runs, std::size_t offset) {
      const auto sums = stretch.gather(n_runs, map.data());
      for (std::size_t l = 0; l < lanes; ++l) {
        x.offsets[offset * lanes + l] += weight[l] * sums.level[l];
        x.amplitude[l] += weight[l] * sums.slope[l];
      }
    });
  });
}

}  // namespace comap
