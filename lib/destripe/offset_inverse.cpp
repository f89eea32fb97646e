#include "destripe/offset_inverse.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.hpp"

namespace comap {
namespace {

// Below this share of the template's own square, the deviation from its offset means is rounding error of float32.
constexpr double kMinDeviation = 1e-10;

/// The prior of a segment; nothing where there is none.
std::span<const double> prior_of(const DestriperStream& stream, std::size_t segment, std::size_t n_offsets) {
  if (stream.prior_variance_K2.empty() || stream.prior_variance_K2[segment].empty()) return {};
  const std::vector<double>& variance_K2 = stream.prior_variance_K2[segment];
  if (variance_K2.size() == n_offsets) return variance_K2;
  throw Bug(fmt::format("a segment of {} offsets has a prior for {}", n_offsets, variance_K2.size()));
}

bool has_prior(const DestriperStream& stream) {
  return std::ranges::any_of(stream.prior_variance_K2, [](const auto& variance) { return !variance.empty(); });
}

bool is_on_any(const Communicator& ranks, bool here) { return ranks.sum(std::int64_t{here ? 1 : 0}) > 0; }

}  // namespace

OffsetInverse::OffsetInverse(const PixelRuns& runs, const SampleSums& sums, std::span<const DestriperStream> streams,
                             std::span<const Regularisation> regularisation, const Communicator& ranks)
    : layout_(runs.layout),
      n_lanes_(runs.n_lanes),
      has_modes_(is_on_any(
          ranks, std::ranges::any_of(regularisation, &Regularisation::any) || std::ranges::any_of(streams, has_prior))),
      first_private_(layout_.n_segments() + 1, 0),
      mean_airmass_(sums.mean_airmass) {
  if (has_modes_) find_private_pixels(sums);
  make_diagonal(sums, streams, regularisation);
  if (mean_airmass_.empty()) return;
  border_.resize(layout_.n_offsets() * n_lanes_, 0.0);
  inverse_schur_.resize(layout_.n_segments() * n_lanes_, 0.0);
  for (std::size_t segment = 0; segment < layout_.n_segments(); ++segment) make_border(segment, sums);
}

void OffsetInverse::find_private_pixels(const SampleSums& sums) {
  full_weight_per_K2_.assign(layout_.n_segments() * n_lanes_, 0.0);
  for (std::size_t segment = 0; segment < layout_.n_segments(); ++segment) {
    const double* weight = sums.offset_weight.data() + layout_.first_offset[segment] * n_lanes_;
    double* full = full_weight_per_K2_.data() + segment * n_lanes_;
    const std::size_t n = layout_.n_offsets(segment);
    for (std::size_t i = 0; i < n * n_lanes_; ++i) full[lane_of(i)] = std::max(full[lane_of(i)], weight[i]);
    for (std::size_t o = 0; o < n; ++o) {
      PrivatePixel pixel{o, {}};
      bool any = false;
      for (std::size_t l = 0; l < n_lanes_; ++l) {
        pixel.weight_per_K2[l] = full[l] - weight[o * n_lanes_ + l];
        any = any || pixel.weight_per_K2[l] > 0.0;
      }
      if (any) private_.push_back(pixel);
    }
    first_private_[segment + 1] = private_.size();
  }
}

void OffsetInverse::make_diagonal(const SampleSums& sums, std::span<const DestriperStream> streams,
                                  std::span<const Regularisation> regularisation) {
  inverse_diagonal_ = sums.offset_weight;
  for (std::size_t segment = 0; has_modes_ && segment < layout_.n_segments(); ++segment) {
    const std::size_t n = layout_.n_offsets(segment);
    double* diagonal = inverse_diagonal_.data() + layout_.first_offset[segment] * n_lanes_;
    for (std::size_t l = 0; l < streams.size(); ++l) {
      const std::span<const double> variance_K2 = prior_of(streams[l], segment, n);
      for (std::size_t k = 0; k < n; ++k) {
        double precision = regularisation[l].of_mode_per_K2(k, n);
        if (!variance_K2.empty() && variance_K2[k] > 0.0) precision += 1.0 / variance_K2[k];
        diagonal[k * n_lanes_ + l] = full_weight_per_K2(segment, l) + precision;
      }
    }
  }
  for (double& value : inverse_diagonal_) value = value > 0.0 ? 1.0 / value : 0.0;
}

double OffsetInverse::precision_per_K2(std::size_t segment, std::size_t k, std::size_t lane) const {
  const double inverse = inverse_diagonal_[(layout_.first_offset[segment] + k) * n_lanes_ + lane];
  return inverse > 0.0 ? 1.0 / inverse - full_weight_per_K2(segment, lane) : 0.0;
}

// The row of the amplitude beside the offsets is c = F^T N^-1 T - R (mean airmass), the first of which is rounding
// error of float32. Eliminating the offsets leaves b = (g + y f) / S with y = -(F^T N^-1 F + R)^-1 c, then a' = u + y
// b.
void OffsetInverse::make_border(std::size_t segment, const SampleSums& sums) {
  const std::size_t first = layout_.first_offset[segment] * n_lanes_;
  const std::size_t n = layout_.n_offsets(segment) * n_lanes_;
  std::vector<double> airmass(mean_airmass_.begin() + first, mean_airmass_.begin() + (first + n));
  const auto border = std::span(border_).subspan(first, n);
  std::copy_n(sums.airmass_rounding.begin() + first, n, border.begin());
  if (has_modes_) {
    transform(segment, airmass, true);
    transform(segment, border, true);
  }
  double* inverse_schur = inverse_schur_.data() + segment * n_lanes_;
  LaneValues schur{};
  for (std::size_t l = 0; l < n_lanes_; ++l) schur[l] = sums.airmass_square[segment * n_lanes_ + l];
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t l = lane_of(i);
    const double precision = has_modes_ ? precision_per_K2(segment, i / n_lanes_, l) : 0.0;
    const double row = border[i] - precision * airmass[i];
    schur[l] += precision * airmass[i] * airmass[i] - row * row * inverse_diagonal_[first + i];
    border[i] = -row * inverse_diagonal_[first + i];
  }
  for (std::size_t l = 0; l < n_lanes_; ++l) {
    const std::size_t amplitude = segment * n_lanes_ + l;
    const bool solvable = sums.airmass_square[amplitude] > kMinDeviation * sums.airmass_total_square[amplitude];
    inverse_schur[l] = solvable && schur[l] > 0.0 ? 1.0 / schur[l] : 0.0;
  }
}

void OffsetInverse::transform(std::size_t segment, std::span<double> offsets, bool to_modes) {
  const std::size_t n = layout_.n_offsets(segment);
  if (n == 0) return;
  CosineTransform& cosine = transforms_.try_emplace(n, n).first->second;
  for (std::size_t l = 0; l < n_lanes_; ++l) {
    to_modes ? cosine.forward(offsets.subspan(l), n_lanes_) : cosine.inverse(offsets.subspan(l), n_lanes_);
  }
}

std::vector<double> OffsetInverse::modes_of(std::size_t segment, std::span<const double> offsets) {
  std::vector<double> modes(offsets.begin(), offsets.end());
  const std::size_t n = layout_.n_offsets(segment);
  if (n > 0) transforms_.try_emplace(n, n).first->second.forward(modes);
  return modes;
}

void OffsetInverse::apply(std::size_t segment, const SegmentUnknowns& x) {
  const std::size_t first = layout_.first_offset[segment] * n_lanes_;
  if (has_modes_) transform(segment, x.offsets, true);
  if (!border_.empty()) {
    for (std::size_t i = 0; i < x.offsets.size(); ++i) x.amplitude[lane_of(i)] += border_[first + i] * x.offsets[i];
    for (std::size_t l = 0; l < n_lanes_; ++l) x.amplitude[l] *= inverse_schur_[segment * n_lanes_ + l];
  } else {
    std::ranges::fill(x.amplitude, 0.0);
  }
  for (std::size_t i = 0; i < x.offsets.size(); ++i) x.offsets[i] *= inverse_diagonal_[first + i];
  if (!border_.empty()) {
    for (std::size_t i = 0; i < x.offsets.size(); ++i) x.offsets[i] += border_[first + i] * x.amplitude[lane_of(i)];
  }
  if (has_modes_) transform(segment, x.offsets, false);
}

void OffsetInverse::add_airmass(std::size_t segment, double sign, const SegmentUnknowns& x) const {
  if (mean_airmass_.empty()) return;
  const std::size_t first = layout_.first_offset[segment] * n_lanes_;
  for (std::size_t i = 0; i < x.offsets.size(); ++i) {
    x.offsets[i] += sign * mean_airmass_[first + i] * x.amplitude[lane_of(i)];
  }
}

std::size_t OffsetInverse::bytes() const {
  return (inverse_diagonal_.capacity() + mean_airmass_.capacity() + border_.capacity() + inverse_schur_.capacity() +
          full_weight_per_K2_.capacity()) *
             sizeof(double) +
         private_.capacity() * sizeof(PrivatePixel) + first_private_.capacity() * sizeof(std::size_t);
}

}  // namespace comap
