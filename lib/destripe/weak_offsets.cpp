#include "destripe/weak_offsets.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/message.hpp"

namespace comap {
namespace {

constexpr double kWeak = 0.3;              // share that an offset finds again itself
constexpr std::size_t kMaxWeak = 512;      // matrices are dense
constexpr double kRegularisation = 1e-6;   // of M: some of these offsets may hang together with no others
constexpr std::size_t kRunsLookedAt = 16;  // of an offset, at least, to say whether it is weak
constexpr std::size_t kStride = 4;         // every so many runs are looked at where there are enough

/// An offset of a part.
struct Candidate {
  double share = 0.0;
  std::size_t part = 0;
  std::size_t offset = 0;  ///< of the segment
  std::size_t first_run = 0;
};

/// Looks at some of the runs of each offset.
class Search {
 public:
  Search(const PixelRuns& runs, std::size_t lane, const SampleSums& sums, std::span<const double> inverse_weight)
      : runs_(runs), lane_(lane), sums_(sums), inverse_weight_(inverse_weight) {}

  /// The candidates of this rank, weakest first, no more than kMaxWeak.
  std::vector<Candidate> find() const {
    std::vector<Candidate> found;
    for (std::size_t part = 0; part < runs_.parts.size(); ++part) look_at(part, found);
    std::ranges::stable_sort(found, std::ranges::greater(), &Candidate::share);
    if (found.size() > kMaxWeak) found.resize(kMaxWeak);
    return found;
  }

  std::size_t pixel(std::size_t run) const { return runs_.run[run] & ((std::uint32_t{1} << runs_.pixel_bits) - 1); }
  /// W^-1 where a run is.
  double inverse_weight(std::size_t run) const { return inverse_weight_[pixel(run) * runs_.n_lanes + lane_]; }
  /// Samples, times the solver's factor.
  double length(std::size_t run) const {
    const auto samples = static_cast<double>(runs_.run[run] >> runs_.pixel_bits);
    return runs_.factor_of_solver().empty() ? samples : samples * runs_.factor_of_solver()[run];
  }
  /// 0 when the lane is not in the part.
  double weight_per_K2(std::size_t part) const { return runs_.weight_per_K2[part * runs_.n_lanes + lane_]; }
  /// M of an offset of a part of the lane.
  double offset_weight(std::size_t part, std::size_t offset) const {
    const std::size_t first = runs_.layout.first_offset[runs_.parts[part].segment];
    return sums_.offset_weight[(first + offset) * runs_.n_lanes + lane_];
  }

 private:
  void look_at(std::size_t part, std::vector<Candidate>& found) const {
    if (!(weight_per_K2(part) > 0.0)) return;
    const auto [segment, first_offset, first_run] = runs_.parts[part];
    std::size_t run = first_run;
    for (std::size_t offset = 0; offset < runs_.layout.n_offsets(segment); ++offset) {
      const std::size_t n_runs = runs_.n_runs[first_offset + offset];
      const double share = share_of(part, offset, run, run + n_runs);
      if (share > kWeak) found.push_back({share, part, offset, run});
      run += n_runs;
    }
    runs_.passed_part(part);
  }

  double share_of(std::size_t part, std::size_t offset, std::size_t begin, std::size_t end) const {
    const double total = offset_weight(part, offset);
    if (!(total > 0.0)) return 0.0;
    const std::size_t stride = std::clamp<std::size_t>((end - begin) / kRunsLookedAt, 1, kStride);
    double sum = 0.0;
    for (std::size_t run = begin; run < end; run += stride) sum += length(run) * length(run) * inverse_weight(run);
    return static_cast<double>(stride) * weight_per_K2(part) * weight_per_K2(part) * sum / total;
  }

  const PixelRuns& runs_;
  std::size_t lane_;
  const SampleSums& sums_;
  std::span<const double> inverse_weight_;
};

/// How many of its candidates each rank may keep, so that the weakest of all remain. Collective.
std::vector<std::size_t> count_kept(const std::vector<Candidate>& candidates, const Communicator& ranks) {
  std::vector<double> shares;
  for (const Candidate& candidate : candidates) shares.push_back(candidate.share);
  std::vector<std::pair<double, std::size_t>> all;
  const std::vector<std::vector<double>> of_ranks = all_gather(ranks, shares);
  for (std::size_t rank = 0; rank < of_ranks.size(); ++rank) {
    for (const double share : of_ranks[rank]) all.emplace_back(share, rank);
  }
  std::ranges::stable_sort(all, std::ranges::greater(), &std::pair<double, std::size_t>::first);
  if (all.size() > kMaxWeak) all.resize(kMaxWeak);
  std::vector<std::size_t> kept(of_ranks.size(), 0);
  for (const auto& [share, rank] : all) ++kept[rank];
  return kept;
}

}  // namespace

/// The numbers of a weak offset that ranks tell each other: M, and G W^-1/2 of its runs.
struct WeakOffsets::Row {
  struct Run {
    std::int32_t map_pixel = 0;
    double root_share = 0.0;

    static auto members(auto& x) { return std::tie(x.map_pixel, x.root_share); }
  };
  double weight = 0.0;
  std::vector<Run> runs;

  static auto members(auto& x) { return std::tie(x.weight, x.runs); }
};

WeakOffsets::WeakOffsets(const PixelRuns& runs, std::size_t lane, const SampleSums& sums, const OffsetInverse& inverse,
                         const SharedPixels& shared, const PixelNumbering& numbering,
                         std::span<const double> inverse_weight, const Communicator& ranks)
    : lane_(lane), n_lanes_(runs.n_lanes) {
  if (inverse.has_modes()) return;
  const Search search(runs, lane, sums, inverse_weight);
  std::vector<Candidate> candidates = search.find();
  candidates.resize(count_kept(candidates, ranks)[ranks.rank()]);
  const std::vector<std::int32_t> map_pixels = numbering.map_pixels();
  std::vector<Row> mine;
  for (const auto& [share, part, offset, first_run] : candidates) {
    Row& row = mine.emplace_back(Row{search.offset_weight(part, offset), {}});
    const std::size_t n_runs = runs.n_runs[runs.parts[part].first_offset + offset];
    for (std::size_t run = first_run; run < first_run + n_runs; ++run) {
      const double weight = search.weight_per_K2(part) * search.length(run);
      row.runs.push_back({map_pixels[search.pixel(run)], weight * std::sqrt(search.inverse_weight(run))});
    }
  }
  const std::vector<Row> rows = joined(all_gather(ranks, mine));
  n_weak_ = rows.size();
  use(rows, shared, numbering, inverse_weight);
  factorise(rows);
}

void WeakOffsets::use(const std::vector<Row>& rows, const SharedPixels& shared, const PixelNumbering& numbering,
                      std::span<const double> inverse_weight) {
  for (std::size_t offset = 0; offset < rows.size(); ++offset) {
    for (const Row::Run& run : rows[offset].runs) {
      const std::int32_t pixel = numbering.find(run.map_pixel);
      if (pixel < 0) continue;
      const double share = run.root_share * std::sqrt(inverse_weight[pixel * n_lanes_ + lane_]);
      places_.push_back(
          {share, static_cast<std::uint32_t>(pixel), static_cast<std::uint16_t>(offset), shared.owns(pixel)});
    }
  }
}

void WeakOffsets::factorise(const std::vector<Row>& rows) {
  struct Entry {
    std::int32_t map_pixel;
    Eigen::Index offset;
    double root_share;
  };
  const Eigen::Index n = n_weak_;
  if (n == 0) return;
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
  std::vector<Entry> entries;
  for (Eigen::Index offset = 0; offset < n; ++offset) {
    const Row& row = rows[offset];
    matrix(offset, offset) = (1.0 + kRegularisation) * row.weight;
    for (const Row::Run& run : row.runs) entries.push_back({run.map_pixel, offset, run.root_share});
  }
  std::ranges::stable_sort(entries, {}, &Entry::map_pixel);
  for (auto begin = entries.begin(); begin != entries.end();) {
    const auto end =
        std::find_if(begin, entries.end(), [&](const Entry& e) { return e.map_pixel != begin->map_pixel; });
    for (auto i = begin; i != end; ++i) {
      for (auto j = begin; j != end; ++j) matrix(i->offset, j->offset) -= i->root_share * j->root_share;
    }
    begin = end;
  }
  const Eigen::LLT<Eigen::MatrixXd> cholesky(matrix);
  if (cholesky.info() != Eigen::Success) return;
  factor_.resize(n_weak_ * n_weak_);
  Eigen::Map<Eigen::MatrixXd>(factor_.data(), n, n) = cholesky.matrixLLT();
}

void WeakOffsets::restrict(std::span<const double> r, std::span<double> offsets) const {
  std::ranges::fill(offsets, 0.0);
  for (const Place& place : places_) {
    if (place.owned) offsets[place.offset] += place.share * r[place.pixel * n_lanes_ + lane_];
  }
}

double WeakOffsets::solve(std::span<double> offsets) const {
  if (factor_.empty()) {
    std::ranges::fill(offsets, 0.0);
    return 0.0;
  }
  const Eigen::Index n = n_weak_;
  const Eigen::Map<const Eigen::MatrixXd> factor(factor_.data(), n, n);
  Eigen::Map<Eigen::VectorXd> x(offsets.data(), n);
  factor.triangularView<Eigen::Lower>().solveInPlace(x);
  const double product = x.squaredNorm();
  factor.triangularView<Eigen::Lower>().transpose().solveInPlace(x);
  return product;
}

void WeakOffsets::prolong(std::span<const double> offsets, std::span<double> z) const {
  for (const Place& place : places_) z[place.pixel * n_lanes_ + lane_] += place.share * offsets[place.offset];
}

}  // namespace comap
