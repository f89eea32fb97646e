// The level of the map: members of PixelSystem.
#include <algorithm>

#include "destripe/pixel_system.hpp"

namespace comap {
namespace {

constexpr double kOpenLevel = 1e-8;  // curvature along a constant sky, of its weight, that is none but for rounding

}  // namespace

void PixelSystem::find_curvature_of_level(const SampleSums& sums) {
  LaneValues total{}, followed{};
  std::vector<double> weight(offsets_work_.size());
  for (std::size_t i = 0; i < weight_.size(); ++i) total[i & (n_lanes_ - 1)] += weight_[i];
  for (const auto* segments : {&boundary_, &interior_}) {
    for (const SegmentParts& parts : *segments) {
      const SegmentUnknowns x = weights_of_offsets(parts.segment, sums);
      for (const OffsetInverse::PrivatePixel& pixel : inverse_.private_pixels(parts.segment)) {
        for (std::size_t l = 0; l < n_lanes_; ++l) total[l] += pixel.weight_per_K2[l];
      }
      std::ranges::copy(x.offsets, weight.begin());
      inverse_.apply(parts.segment, x);
      for (std::size_t i = 0; i < x.offsets.size(); ++i) followed[i & (n_lanes_ - 1)] += weight[i] * x.offsets[i];
    }
  }
  ranks_.sum(std::span(total));
  ranks_.sum(std::span(followed));
  total_weight_per_K2_ = total;
  for (std::size_t l = 0; l < n_lanes_; ++l) level_curvature_per_K2_[l] = total[l] - followed[l];
}

/// G 1 of one segment, private pixels included.
SegmentUnknowns PixelSystem::weights_of_offsets(std::size_t segment, const SampleSums& sums) {
  const std::size_t first = runs_.layout.first_offset[segment] * n_lanes_;
  const std::size_t n = runs_.layout.n_offsets(segment) * n_lanes_;
  const SegmentUnknowns x{std::span(offsets_work_).first(n), std::span(amplitude_work_).first(n_lanes_)};
  std::ranges::fill(x.amplitude, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    x.offsets[i] = sums.offset_weight[first + i];
    if (!sums.airmass_rounding.empty()) x.amplitude[i & (n_lanes_ - 1)] += sums.airmass_rounding[first + i];
  }
  for (const OffsetInverse::PrivatePixel& pixel : inverse_.private_pixels(segment)) {
    for (std::size_t l = 0; l < n_lanes_; ++l) x.offsets[pixel.offset * n_lanes_ + l] += pixel.weight_per_K2[l];
  }
  return x;
}

void PixelSystem::set_level(std::span<const double> residual, const Components& components, std::size_t lane,
                            std::span<double> map) const {
  if (!inverse_.has_modes()) return set_level_of_components(components, lane, map);
  const LargeVector<double> ones(size(), 1.0);
  LaneValues residuals = shared_.owned_products(n_lanes_, residual, ones);
  LaneValues levels = shared_.owned_products(n_lanes_, weight_, map);
  ranks_.sum(std::span(residuals));
  ranks_.sum(std::span(levels));
  const double weight = total_weight_per_K2_[lane], curvature = level_curvature_per_K2_[lane];
  if (!(weight > 0.0)) return;
  LaneValues shift{};
  shift[lane] = curvature > kOpenLevel * weight ? residuals[lane] / curvature : -levels[lane] / weight;
  add_lanes(n_lanes_, shift, ones, map);
}

void PixelSystem::set_level_of_components(const Components& components, std::size_t lane, std::span<double> map) const {
  const std::size_t n_components = components.count;
  std::vector<double> sums(2 * n_components, 0.0);  // of weight and weighted map
  for (std::size_t pixel = 0; pixel < components.of_pixel.size(); ++pixel) {
    if (components.of_pixel[pixel] < 0 || !shared_.owns(pixel)) continue;
    const std::size_t component = components.of_pixel[pixel];
    const double weight = weight_[pixel * n_lanes_ + lane];
    sums[component] += weight;
    sums[n_components + component] += weight * map[pixel * n_lanes_ + lane];
  }
  ranks_.sum(std::span<double>(sums));
  for (std::size_t pixel = 0; pixel < components.of_pixel.size(); ++pixel) {
    if (components.of_pixel[pixel] < 0) continue;
    const std::size_t component = components.of_pixel[pixel];
    map[pixel * n_lanes_ + lane] -= sums[n_components + component] / sums[component];
  }
}

}  // namespace comap
