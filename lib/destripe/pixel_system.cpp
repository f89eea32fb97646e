#include "destripe/pixel_system.hpp"

#include <algorithm>

namespace comap {
namespace {

constexpr std::size_t kRunsForCoarseSky = 8;  // of each offset

}  // namespace

PixelSystem::PixelSystem(const PixelRuns& runs, SampleSums& sums, OffsetInverse& inverse, SharedPixels& shared,
                         const PixelNumbering& numbering, const DestriperSettings& settings, const Communicator& ranks)
    : runs_(runs),
      inverse_(inverse),
      shared_(shared),
      ranks_(ranks),
      n_lanes_(runs.n_lanes),
      is_of_map_(ranks.sum(std::int64_t{sums.solver_weight.empty() && sums.solver_weighted_tod.empty() ? 0 : 1}) == 0),
      weight_(sums.solver_weight.empty() ? sums.map_weight : std::move(sums.solver_weight)),
      data_(sums.solver_weighted_tod.empty() ? sums.map_weighted_tod : std::move(sums.solver_weighted_tod)) {
  find_segments();
  for (const double weight : sums.offset_weight) has_data_.push_back(weight > 0.0 || inverse_.has_modes() ? 1 : 0);
  find_curvature_of_level(sums);
  take_off_segment_means(sums);
  shared_.sum(weight_, n_lanes_);
  shared_.sum(data_, n_lanes_);
  add_private_weights();
  inverse_weight_ = weight_;
  for (double& weight : inverse_weight_) weight = weight > 0.0 ? 1.0 / weight : 0.0;
  const std::size_t n_pixels = runs_.n_pixels;
  for (std::size_t pixel = 0; pixel < n_pixels; ++pixel) {
    if (!shared_.owns(pixel)) continue;
    for (std::size_t l = 0; l < n_lanes_; ++l) n_pixels_[l] += weight_[pixel * n_lanes_ + l] > 0.0 ? 1.0 : 0.0;
  }
  ranks_.sum(n_pixels_);
  make_coarse_sky(numbering.map_pixels(), settings);
  const auto inverse_of_pixels = std::span<const double>(inverse_weight_).first(n_pixels * n_lanes_);
  for (std::size_t l = 0; l < n_lanes_; ++l) {
    weak_.emplace_back(runs_, l, sums, inverse_, shared_, numbering, inverse_of_pixels, ranks_);
    n_weak_ += weak_.back().size();
  }
}

// Scales of a degree need no more than some of the runs.
void PixelSystem::make_coarse_sky(std::span<const std::int32_t> map_pixels, const DestriperSettings& settings) {
  const std::size_t n_numbers = map_pixels.size() * n_lanes_;
  if (inverse_.has_modes()) {
    coarse_.emplace(runs_, inverse_, shared_, map_pixels, std::span(weight_).first(n_numbers), settings, ranks_);
    return;
  }
  const PixelRuns some = thinned_out(runs_, kRunsForCoarseSky);
  LargeVector<double> weight(n_numbers, 0.0);
  std::ranges::fill(offsets_work_, 1.0);
  LaneValues no_airmass{};
  for (std::size_t part = 0; part < some.parts.size(); ++part) {
    scatter_part(some, part, Weighting::solver, {std::span<double>(offsets_work_), no_airmass}, weight);
  }
  shared_.sum(weight, n_lanes_);
  coarse_.emplace(some, inverse_, shared_, map_pixels, weight, settings, ranks_);
}

void PixelSystem::find_segments() {
  const std::uint32_t pixel_mask = (std::uint32_t{1} << runs_.pixel_bits) - 1;
  std::size_t longest = 0;
  for (std::size_t begin = 0; begin < runs_.parts.size();) {
    SegmentParts segment{runs_.parts[begin].segment, begin, begin};
    while (segment.end < runs_.parts.size() && runs_.parts[segment.end].segment == segment.segment) ++segment.end;
    const std::size_t last_run =
        segment.end < runs_.parts.size() ? runs_.parts[segment.end].first_run : runs_.run.size();
    bool touches = false;
    if (shared_.n_neighbours() > 0) {
      for (std::size_t run = runs_.parts[begin].first_run; run < last_run && !touches; ++run) {
        touches = shared_.is_shared(runs_.run[run] & pixel_mask);
      }
    }
    for (std::size_t part = begin; part < segment.end; ++part) runs_.passed_part(part);
    (touches ? boundary_ : interior_).push_back(segment);
    longest = std::max(longest, runs_.layout.n_offsets(segment.segment));
    begin = segment.end;
  }
  offsets_work_.resize(longest * n_lanes_);
}

/// From what will be offset_data_ and amplitude_data_.
void PixelSystem::take_off_segment_means(SampleSums& sums) {
  const std::size_t n_segments = runs_.layout.n_segments();
  offset_data_ = std::move(sums.offset_weighted_tod);
  amplitude_data_ = std::move(sums.airmass_weighted_tod);
  segment_mean_K_.assign(n_segments * n_lanes_, 0.0);
  for (const auto* segments : {&boundary_, &interior_}) {
    for (const SegmentParts& parts : *segments) {
      const std::size_t first = runs_.layout.first_offset[parts.segment] * n_lanes_;
      const std::size_t n = runs_.layout.n_offsets(parts.segment) * n_lanes_;
      LaneValues weight{}, weighted_tod{};
      for (std::size_t i = 0; i < n; ++i) {
        weight[i & (n_lanes_ - 1)] += sums.offset_weight[first + i];
        weighted_tod[i & (n_lanes_ - 1)] += offset_data_[first + i];
      }
      LaneValues mean_K{};
      for (std::size_t l = 0; l < n_lanes_; ++l) {
        mean_K[l] = weight[l] > 0.0 ? weighted_tod[l] / weight[l] : 0.0;
        segment_mean_K_[parts.segment * n_lanes_ + l] = mean_K[l];
      }
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t l = i & (n_lanes_ - 1);
        offset_data_[first + i] -= sums.offset_weight[first + i] * mean_K[l];
        if (!sums.airmass_rounding.empty()) {
          amplitude_data_[parts.segment * n_lanes_ + l] -= sums.airmass_rounding[first + i] * mean_K[l];
        }
      }
    }
  }
}

void PixelSystem::add_private_weights() {
  const std::size_t n_segments = runs_.layout.n_segments();
  weight_.reserve(weight_.size() + inverse_.first_private(n_segments) * n_lanes_);
  for (std::size_t segment = 0; segment < n_segments; ++segment) {
    for (const OffsetInverse::PrivatePixel& pixel : inverse_.private_pixels(segment)) {
      for (std::size_t l = 0; l < n_lanes_; ++l) weight_.push_back(pixel.weight_per_K2[l]);
    }
  }
  data_.resize(weight_.size(), 0.0);
}

SegmentUnknowns PixelSystem::gather_segment(const SegmentParts& parts, std::span<const double> map) {
  const std::size_t n = runs_.layout.n_offsets(parts.segment) * n_lanes_;
  const SegmentUnknowns x{std::span(offsets_work_).first(n), std::span(amplitude_work_).first(n_lanes_)};
  std::ranges::fill(x.offsets, 0.0);
  std::ranges::fill(x.amplitude, 0.0);
  for (std::size_t part = parts.begin; part < parts.end; ++part) {
    gather_part(runs_, part, Weighting::solver, map, x);
  }
  std::size_t place = (runs_.n_pixels + inverse_.first_private(parts.segment)) * n_lanes_;
  for (const OffsetInverse::PrivatePixel& pixel : inverse_.private_pixels(parts.segment)) {
    for (std::size_t l = 0; l < n_lanes_; ++l) {
      x.offsets[pixel.offset * n_lanes_ + l] += pixel.weight_per_K2[l] * map[place++];
    }
  }
  return x;
}

SegmentUnknowns PixelSystem::best_for(const SegmentParts& parts, std::span<const double> map) {
  const std::size_t first = runs_.layout.first_offset[parts.segment] * n_lanes_;
  const std::size_t n = runs_.layout.n_offsets(parts.segment) * n_lanes_;
  const double* amplitude = amplitude_data_.data() + parts.segment * n_lanes_;
  const SegmentUnknowns x{std::span(offsets_work_).first(n), std::span(amplitude_work_).first(n_lanes_)};
  if (map.empty()) {
    std::copy_n(offset_data_.begin() + first, n, x.offsets.begin());
    std::copy_n(amplitude, n_lanes_, x.amplitude.begin());
  } else {
    gather_segment(parts, map);
    for (std::size_t i = 0; i < n; ++i) x.offsets[i] = offset_data_[first + i] - x.offsets[i];
    for (std::size_t l = 0; l < n_lanes_; ++l) x.amplitude[l] = amplitude[l] - x.amplitude[l];
  }
  inverse_.apply(parts.segment, x);
  return x;
}

void PixelSystem::scatter_segment(const SegmentParts& parts, const SegmentUnknowns& x, bool with_mean,
                                  std::span<double> image) const {
  std::size_t place = (runs_.n_pixels + inverse_.first_private(parts.segment)) * n_lanes_;
  for (const OffsetInverse::PrivatePixel& pixel : inverse_.private_pixels(parts.segment)) {
    for (std::size_t l = 0; l < n_lanes_; ++l) {
      image[place++] += pixel.weight_per_K2[l] * x.offsets[pixel.offset * n_lanes_ + l];
    }
  }
  for (std::size_t i = 0; with_mean && i < x.offsets.size(); ++i) {
    x.offsets[i] += segment_mean_K_[parts.segment * n_lanes_ + (i & (n_lanes_ - 1))];
  }
  for (std::size_t part = parts.begin; part < parts.end; ++part) {
    scatter_part(runs_, part, Weighting::solver, x, image);
  }
}

template <typename Solve>
void PixelSystem::project(Solve solve_segment, bool with_mean, std::span<double> image) {
  std::ranges::fill(image, 0.0);
  const auto do_segments = [&](const std::vector<SegmentParts>& segments) {
    for (const SegmentParts& parts : segments) scatter_segment(parts, solve_segment(parts), with_mean, image);
  };
  do_segments(boundary_);
  const auto pixels = image.first(runs_.n_pixels * n_lanes_);
  shared_.sum_at_owners(pixels, n_lanes_, [&] { do_segments(interior_); });
  shared_.return_from_owners(pixels, n_lanes_);
}

LargeVector<double> PixelSystem::right_hand_side() {
  LargeVector<double> b(size());
  project([&](const SegmentParts& parts) { return best_for(parts, {}); }, true, b);
  for (std::size_t i = 0; i < size(); ++i) b[i] = data_[i] - b[i];
  return b;
}

LargeVector<double> PixelSystem::residual(std::span<const double> map) {
  LargeVector<double> r(size());
  project([&](const SegmentParts& parts) { return best_for(parts, map); }, true, r);
  for (std::size_t i = 0; i < size(); ++i) r[i] = data_[i] - weight_[i] * map[i] - r[i];
  return r;
}

void PixelSystem::apply(std::span<const double> map, std::span<double> image) {
  const auto follow = [&](const SegmentParts& parts) {
    const SegmentUnknowns x = gather_segment(parts, map);
    inverse_.apply(parts.segment, x);
    return x;
  };
  project(follow, false, image);
  for (std::size_t i = 0; i < size(); ++i) image[i] = weight_[i] * map[i] - image[i];
}

LaneValues PixelSystem::offsets_square() {
  LaneValues square{};
  for (const auto* segments : {&boundary_, &interior_}) {
    for (const SegmentParts& parts : *segments) {
      const SegmentUnknowns x = best_for(parts, {});
      const std::size_t first = runs_.layout.first_offset[parts.segment] * n_lanes_;
      for (std::size_t i = 0; i < x.offsets.size(); ++i) {
        square[i & (n_lanes_ - 1)] += offset_data_[first + i] * x.offsets[i];
      }
      for (std::size_t l = 0; l < n_lanes_; ++l) {
        square[l] += amplitude_data_[parts.segment * n_lanes_ + l] * x.amplitude[l];
      }
    }
  }
  ranks_.sum(std::span(square));
  return square;
}

LaneValues PixelSystem::dot(std::span<const double> x, std::span<const double> y) const {
  LaneValues products = shared_.owned_products(n_lanes_, x, y);
  ranks_.sum(std::span(products).first(n_lanes_));
  return products;
}

std::pair<LaneValues, LaneValues> PixelSystem::precondition(std::span<const double> r, std::span<double> z) const {
  for (std::size_t i = 0; i < size(); ++i) z[i] = r[i] * inverse_weight_[i];
  std::vector<double> sums(kMaxLanes + coarse_->size() + n_weak_);
  const auto for_each_weak = [&](auto work) {
    auto left = std::span(sums).last(n_weak_);
    for (std::size_t l = 0; l < weak_.size(); ++l) {
      work(l, left.first(weak_[l].size()));
      left = left.subspan(weak_[l].size());
    }
  };
  const LaneValues mine = shared_.owned_products(n_lanes_, r, z);
  std::ranges::copy(mine, sums.begin());
  const auto coarse_sums = std::span(sums).subspan(kMaxLanes, coarse_->size());
  coarse_->restrict(r, coarse_sums);
  for_each_weak([&](std::size_t l, std::span<double> offsets) { weak_[l].restrict(r, offsets); });
  ranks_.sum(sums);
  LaneValues square{};
  std::copy_n(sums.begin(), kMaxLanes, square.begin());
  LaneValues rho = square;
  const LaneValues of_coarse = coarse_->solve(coarse_sums);
  for (std::size_t l = 0; l < n_lanes_; ++l) rho[l] += of_coarse[l];
  coarse_->prolong(coarse_sums, z);
  for_each_weak([&](std::size_t l, std::span<double> offsets) {
    rho[l] += weak_[l].solve(offsets);
    weak_[l].prolong(offsets, z);
  });
  return {rho, square};
}

PixelSystem::Solution PixelSystem::offsets_of(std::span<const double> map) {
  Solution solution;
  solution.offsets_K.assign(offset_data_.size(), 0.0);
  solution.amplitudes_K.assign(amplitude_data_.size(), 0.0);
  for (const auto* segments : {&boundary_, &interior_}) {
    for (const SegmentParts& parts : *segments) {
      const SegmentUnknowns x = best_for(parts, map);
      const std::size_t first = runs_.layout.first_offset[parts.segment] * n_lanes_;
      for (std::size_t i = 0; i < x.offsets.size(); ++i) {
        const double mean_K = segment_mean_K_[parts.segment * n_lanes_ + (i & (n_lanes_ - 1))];
        solution.offsets_K[first + i] = has_data_[first + i] != 0 ? x.offsets[i] + mean_K : 0.0;
      }
      std::ranges::copy(x.amplitude, solution.amplitudes_K.begin() + parts.segment * n_lanes_);
    }
  }
  return solution;
}

// B map + residual = b means W map + residual = m_d - G^T M^-1 (f_d - G map). With R the level was moved since.
LargeVector<double> PixelSystem::binned_with_offsets_of(std::span<const double> map,
                                                        std::span<const double> residual) const {
  if (!is_of_map_ || inverse_.has_modes()) return {};
  LargeVector<double> binned(size());
  for (std::size_t i = 0; i < size(); ++i) binned[i] = map[i] + inverse_weight_[i] * residual[i];
  return binned;
}

void PixelSystem::take_off_airmass(Solution& solution) const {
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    const std::size_t first = runs_.layout.first_offset[segment] * n_lanes_;
    const std::size_t n = runs_.layout.n_offsets(segment) * n_lanes_;
    inverse_.add_airmass(segment, -1.0,
                         {std::span(solution.offsets_K).subspan(first, n),
                          std::span(solution.amplitudes_K).subspan(segment * n_lanes_, n_lanes_)});
  }
}

LargeVector<double> PixelSystem::map_for(Solution physical) {
  LargeVector<double> map(size(), 0.0);
  for (const auto* segments : {&boundary_, &interior_}) {
    for (const SegmentParts& parts : *segments) {
      const std::size_t first = runs_.layout.first_offset[parts.segment] * n_lanes_;
      const SegmentUnknowns x{
          std::span(physical.offsets_K).subspan(first, runs_.layout.n_offsets(parts.segment) * n_lanes_),
          std::span(physical.amplitudes_K).subspan(parts.segment * n_lanes_, n_lanes_)};
      inverse_.add_airmass(parts.segment, 1.0, x);
      for (std::size_t i = 0; i < x.offsets.size(); ++i) {
        x.offsets[i] -= segment_mean_K_[parts.segment * n_lanes_ + (i & (n_lanes_ - 1))];
      }
      scatter_segment(parts, x, true, map);
    }
  }
  shared_.sum(std::span(map).first(runs_.n_pixels * n_lanes_), n_lanes_);
  for (std::size_t i = 0; i < size(); ++i) map[i] = (data_[i] - map[i]) * inverse_weight_[i];
  return map;
}

std::size_t PixelSystem::bytes() const {
  std::size_t bytes_of_weak = 0;
  for (const WeakOffsets& weak : weak_) bytes_of_weak += weak.bytes();
  return (weight_.capacity() + inverse_weight_.capacity() + data_.capacity() + offset_data_.capacity() +
          amplitude_data_.capacity() + segment_mean_K_.capacity() + offsets_work_.capacity()) *
             sizeof(double) +
         has_data_.capacity() + (boundary_.capacity() + interior_.capacity()) * sizeof(SegmentParts) +
         coarse_->bytes() + bytes_of_weak;
}

}  // namespace comap
