#include "destripe/pixel_runs.hpp"

#include <algorithm>

namespace comap {

void PixelRuns::passed_part(std::size_t part) const {
  const std::size_t end = part + 1 < parts.size() ? parts[part + 1].first_run : run.size();
  const std::size_t per_run = 1 + (airmass_deviation.empty() ? 0 : 1) + (factor_of_solver().empty() ? 0 : 1);
  passed_over(run, per_run * (end - parts[part].first_run));
}

std::size_t PixelRuns::bytes() const {
  return (run.capacity() + n_runs.capacity()) * sizeof(std::uint32_t) +
         (airmass_deviation.capacity() + map_factor.capacity() + solver_factor.capacity()) * sizeof(float) +
         weight_per_K2.capacity() * sizeof(double) + parts.capacity() * sizeof(Part);
}

PixelRuns thinned_out(const PixelRuns& runs, std::size_t n_of_offset) {
  PixelRuns some;
  some.layout = runs.layout;
  some.n_lanes = runs.n_lanes;
  some.n_pixels = runs.n_pixels;
  some.pixel_bits = runs.pixel_bits;
  some.n_runs.reserve(runs.n_runs.size());
  some.run.reserve((n_of_offset + 1) * runs.n_runs.size());
  const LargeVector<float>& factor = runs.factor_of_solver();
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    const auto [segment, first_offset, first_run] = runs.parts[part];
    some.parts.push_back({segment, some.n_runs.size(), some.run.size()});
    std::size_t begin = first_run;
    for (std::size_t o = first_offset; o < first_offset + runs.layout.n_offsets(segment); ++o) {
      const std::size_t end = begin + runs.n_runs[o], before = some.run.size();
      const std::size_t stride = std::max<std::size_t>(runs.n_runs[o] / n_of_offset, 1);
      for (std::size_t run = begin + (stride - 1) / 2; run < end; run += stride) {
        some.run.push_back(runs.run[run]);
        if (!factor.empty()) some.map_factor.push_back(factor[run]);
      }
      some.n_runs.push_back(static_cast<std::uint32_t>(some.run.size() - before));
      begin = end;
    }
    const double share = static_cast<double>(some.run.size() - some.parts.back().first_run) /
                         static_cast<double>(std::max<std::size_t>(begin - first_run, 1));
    for (std::size_t l = 0; l < runs.n_lanes; ++l) {
      some.weight_per_K2.push_back(share > 0.0 ? runs.weight_per_K2[part * runs.n_lanes + l] / share : 0.0);
    }
    runs.passed_part(part);
  }
  return some;
}

}  // namespace comap
