#include "map/offset_system.hpp"

#include <algorithm>
#include <array>

namespace comap {

namespace {

// Below this share of the template's own square, the deviation from its offset means is rounding error of float32.
constexpr double kMinDeviation = 1e-10;

double product(std::span<const double> x, std::span<const double> y) {
  std::array<double, 4> sums{};
  std::size_t i = 0;
  for (; i + 4 <= x.size(); i += 4) {
    for (std::size_t k = 0; k < 4; ++k) sums[k] += x[i + k] * y[i + k];
  }
  for (; i < x.size(); ++i) sums[0] += x[i] * y[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

OffsetSystem::OffsetSystem(const PixelRuns& runs, const SampleSums& sums, OffsetPrior& prior, SharedPixels& shared,
                           const DestriperSettings& settings, const Communicator& ranks)
    : runs_(runs),
      shared_(shared),
      ranks_(ranks),
      n_offsets_(runs.layout.n_offsets()),
      inverse_weight_(sums.solver_weight.empty() ? sums.map_weight : sums.solver_weight),
      map_(inverse_weight_.size()),
      weight_(sums.offset_weight),
      mean_airmass_(sums.mean_airmass),
      airmass_rounding_(sums.airmass_rounding),
      prior_(prior) {
  shared_.sum(inverse_weight_);
  for (double& weight : inverse_weight_) weight = weight > 0.0 ? 1.0 / weight : 0.0;
  for (std::size_t segment = 0; segment < runs.layout.n_segments(); ++segment) {
    const bool solvable = sums.airmass_square[segment] > kMinDeviation * sums.airmass_total_square[segment];
    weight_.push_back(solvable ? sums.airmass_square[segment] : 0.0);
  }
  find_segment_means(sums);
  for (const double weight : weight_) inverse_diagonal_.push_back(weight > 0.0 ? 1.0 / weight : 0.0);
  regularisation_ = make_regularisation(settings, sums.offset_weight, ranks);
  if (!holds_offsets()) return;
  if (regularisation_.any()) {
    banded_.emplace(regularisation_, runs.layout, std::span<const double>(weight_).first(n_offsets_));
  }
  offsets_work_.resize(n_offsets_);
  result_work_.resize(n_offsets_);
}

void OffsetSystem::find_segment_means(const SampleSums& sums) {
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    double weight = 0.0;
    double weighted_tod = 0.0;
    for (std::size_t o = runs_.layout.first_offset[segment]; o < runs_.layout.first_offset[segment + 1]; ++o) {
      weight += sums.offset_weight[o];
      weighted_tod += sums.offset_weighted_tod[o];
    }
    segment_mean_K_.push_back(weight > 0.0 ? weighted_tod / weight : 0.0);
  }
}

OffsetVector OffsetSystem::split(std::span<const double> x) const {
  return {x.first(n_offsets_), x.subspan(n_offsets_)};
}

std::vector<double> OffsetSystem::right_hand_side(const SampleSums& sums) {
  std::vector<double> means(n_unknowns(), 0.0);
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    const std::size_t end = runs_.layout.first_offset[segment + 1];
    for (std::size_t o = runs_.layout.first_offset[segment]; o < end; ++o) means[o] = -segment_mean_K_[segment];
  }
  map_ = sums.solver_weighted_tod.empty() ? sums.map_weighted_tod : sums.solver_weighted_tod;
  scatter(runs_, Weighting::solver, split(means), map_);
  shared_.sum(map_);
  for (std::size_t pixel = 0; pixel < map_.size(); ++pixel) map_[pixel] *= inverse_weight_[pixel];
  std::vector<double> rhs(n_unknowns());
  const std::span<double> all(rhs);
  gather(runs_, Weighting::solver, map_, all.first(n_offsets_), all.subspan(n_offsets_));
  for (std::size_t o = 0; o < n_offsets_; ++o) {
    rhs[o] = sums.offset_weighted_tod[o] + sums.offset_weight[o] * means[o] - rhs[o];
  }
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    const std::size_t unknown = n_offsets_ + segment;
    rhs[unknown] = weight_[unknown] > 0.0 ? sums.airmass_weighted_tod[segment] - rhs[unknown] : 0.0;
  }
  return rhs;
}

void OffsetSystem::apply(std::span<const double> x, std::span<double> y) {
  std::fill(map_.begin(), map_.end(), 0.0);
  scatter(runs_, Weighting::solver, split(x), map_);
  shared_.sum(map_);
  for (std::size_t pixel = 0; pixel < map_.size(); ++pixel) map_[pixel] *= inverse_weight_[pixel];
  gather(runs_, Weighting::solver, map_, y.first(n_offsets_), y.subspan(n_offsets_));
  for (std::size_t i = 0; i < n_unknowns(); ++i) y[i] = weight_[i] > 0.0 ? weight_[i] * x[i] - y[i] : 0.0;
  if (!airmass_rounding_.empty()) apply_rounding(x, y);
  if (holds_offsets()) apply_regularisation(x, y);
}

void OffsetSystem::apply_rounding(std::span<const double> x, std::span<double> y) const {
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    const std::size_t unknown = n_offsets_ + segment;
    if (!(weight_[unknown] > 0.0)) continue;
    for (std::size_t o = runs_.layout.first_offset[segment]; o < runs_.layout.first_offset[segment + 1]; ++o) {
      y[o] += airmass_rounding_[o] * x[unknown];
      y[unknown] += airmass_rounding_[o] * x[o];
    }
  }
}

void OffsetSystem::apply_regularisation(std::span<const double> x, std::span<double> y) {
  std::copy_n(x.begin(), n_offsets_, offsets_work_.begin());
  take_off_airmass(split(x).amplitudes, offsets_work_);
  std::fill(result_work_.begin(), result_work_.end(), 0.0);
  if (regularisation_.any()) add_regularisation(regularisation_, runs_.layout, offsets_work_, result_work_);
  prior_.add(offsets_work_, result_work_);
  for (std::size_t o = 0; o < n_offsets_; ++o) y[o] += result_work_[o];
  if (mean_airmass_.empty()) return;
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    if (!(weight_[n_offsets_ + segment] > 0.0)) continue;
    for (std::size_t o = runs_.layout.first_offset[segment]; o < runs_.layout.first_offset[segment + 1]; ++o) {
      y[n_offsets_ + segment] -= mean_airmass_[o] * result_work_[o];
    }
  }
}

void OffsetSystem::take_off_airmass(std::span<const double> amplitudes, std::span<double> offsets) const {
  if (mean_airmass_.empty()) return;
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    for (std::size_t o = runs_.layout.first_offset[segment]; o < runs_.layout.first_offset[segment + 1]; ++o) {
      offsets[o] -= mean_airmass_[o] * amplitudes[segment];
    }
  }
}

void OffsetSystem::precondition(std::span<const double> r, std::span<double> z) {
  for (std::size_t i = 0; i < r.size(); ++i) z[i] = r[i] * inverse_diagonal_[i];
  if (banded_) banded_->apply(r.first(n_offsets_), z.first(n_offsets_));
  prior_.precondition(std::span<const double>(weight_).first(n_offsets_), r.first(n_offsets_), z.first(n_offsets_));
}

double OffsetSystem::dot(std::span<const double> x, std::span<const double> y) const {
  return ranks_.sum(product(x, y));
}

std::pair<double, double> OffsetSystem::dot(std::span<const double> x, std::span<const double> y,
                                            std::span<const double> u, std::span<const double> v) const {
  std::array<double, 2> both{product(x, y), product(u, v)};
  ranks_.sum(both);
  return {both[0], both[1]};
}

std::pair<double, double> OffsetSystem::noise_square(std::span<const double> r) const {
  std::array<double, 2> both{};
  for (std::size_t i = 0; i < r.size(); ++i) {
    both[0] += r[i] * r[i] * inverse_diagonal_[i];
    both[1] += inverse_diagonal_[i] > 0.0 ? 1.0 : 0.0;
  }
  ranks_.sum(both);
  return {both[0], both[1]};
}

OffsetSystem::Solution OffsetSystem::with_segment_means(std::span<const double> x) const {
  const auto [offsets, amplitudes] = split(x);
  Solution solution{{offsets.begin(), offsets.end()}, {amplitudes.begin(), amplitudes.end()}};
  for (std::size_t segment = 0; segment < runs_.layout.n_segments(); ++segment) {
    for (std::size_t o = runs_.layout.first_offset[segment]; o < runs_.layout.first_offset[segment + 1]; ++o) {
      if (weight_[o] > 0.0 || holds_offsets()) solution.offsets_K[o] += segment_mean_K_[segment];
    }
  }
  return solution;
}

OffsetSystem::Solution OffsetSystem::physical(std::span<const double> x) const {
  Solution solution = with_segment_means(x);
  take_off_airmass(solution.amplitudes_K, solution.offsets_K);
  return solution;
}

std::size_t OffsetSystem::bytes() const {
  std::size_t n = 0;
  for (const auto* vector : {&inverse_weight_, &map_, &weight_, &inverse_diagonal_, &mean_airmass_, &airmass_rounding_,
                             &segment_mean_K_, &offsets_work_, &result_work_}) {
    n += vector->capacity();
  }
  return n * sizeof(double) + prior_.bytes();
}

}  // namespace comap
