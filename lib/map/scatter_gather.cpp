#include "map/scatter_gather.hpp"

namespace comap {

namespace {

/// Runs of one offset.
template <bool kAirmass, bool kFactor>
struct Stretch {
  const std::uint32_t* run;
  const float* airmass;
  const float* factor;
  unsigned pixel_bits;
  std::uint32_t pixel_mask;

  std::uint32_t pixel(std::size_t i) const { return run[i] & pixel_mask; }
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

  void scatter(std::size_t n, double level, double slope, double* map) const {
    for (std::size_t i = 0; i < n; ++i) {
      if constexpr (kAirmass) {
        map[pixel(i)] += weight(i) * (level + slope * airmass[i]);
      } else {
        map[pixel(i)] += weight(i) * level;
      }
    }
  }

  struct Sums {
    double level = 0.0;
    double slope = 0.0;
    void add(const Sums& other) {
      level += other.level;
      slope += other.slope;
    }
  };

  // Four chains of additions, since one would wait for itself.
  Sums gather(std::size_t n, const double* map) const {
    Sums sums[4];
    const auto add = [&](Sums& sum, std::size_t i) {
      const double term = weight(i) * map[pixel(i)];
      sum.level += term;
      if constexpr (kAirmass) sum.slope += term * airmass[i];
    };
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
      add(sums[0], i);
      add(sums[1], i + 1);
      add(sums[2], i + 2);
      add(sums[3], i + 3);
    }
    for (; i < n; ++i) add(sums[0], i);
    sums[0].add(sums[1]);
    sums[2].add(sums[3]);
    sums[0].add(sums[2]);
    return sums[0];
  }
};

/// Calls `work(stretch, offset, segment)` for every offset in order.
template <bool kAirmass, bool kFactor, typename Work>
void for_each_offset(const PixelRuns& runs, const std::vector<float>& factor, Work work) {
  Stretch<kAirmass, kFactor> stretch{runs.run.data(), runs.airmass_deviation.data(), factor.data(), runs.pixel_bits,
                                     (std::uint32_t{1} << runs.pixel_bits) - 1};
  for (std::size_t segment = 0; segment < runs.layout.n_segments(); ++segment) {
    for (std::size_t o = runs.layout.first_offset[segment]; o < runs.layout.first_offset[segment + 1]; ++o) {
      work(stretch, o, segment);
      stretch.advance(runs.n_runs[o]);
    }
  }
}

/// Picks the variant that reads only what is there.
template <typename Work>
void for_each_offset(const PixelRuns& runs, Weighting weighting, Work work) {
  const std::vector<float>& factor = weighting == Weighting::solver ? runs.factor_of_solver() : runs.map_factor;
  if (runs.airmass_deviation.empty()) {
    factor.empty() ? for_each_offset<false, false>(runs, factor, work)
                   : for_each_offset<false, true>(runs, factor, work);
  } else {
    factor.empty() ? for_each_offset<true, false>(runs, factor, work) : for_each_offset<true, true>(runs, factor, work);
  }
}

}  // namespace

void scatter(const PixelRuns& runs, Weighting weighting, const OffsetVector& x, std::span<double> map) {
  for_each_offset(runs, weighting, [&](const auto& stretch, std::size_t offset, std::size_t segment) {
    const double weight = runs.weight_per_K2[segment];
    stretch.scatter(runs.n_runs[offset], weight * x.offsets[offset], weight * x.amplitudes[segment], map.data());
  });
}

void gather(const PixelRuns& runs, Weighting weighting, std::span<const double> map, std::span<double> offsets,
            std::span<double> amplitudes) {
  for (double& amplitude : amplitudes) amplitude = 0.0;
  for_each_offset(runs, weighting, [&](const auto& stretch, std::size_t offset, std::size_t segment) {
    const double weight = runs.weight_per_K2[segment];
    const auto sums = stretch.gather(runs.n_runs[offset], map.data());
    offsets[offset] = weight * sums.level;
    amplitudes[segment] += weight * sums.slope;
  });
}

}  // namespace comap
